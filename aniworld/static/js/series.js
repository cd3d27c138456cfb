// A series' page: rows of running downloads move in place, episodes can be chosen; everything else arrives as a fresh part.

import "./downloads.js";
import "./selection.js";
