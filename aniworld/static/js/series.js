// A series' page: rows of running downloads move in place; everything else arrives as a fresh part.

import "./downloads.js";
