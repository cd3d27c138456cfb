"""A machine whose clock is wrong: a library that is loaded before all others and tells another time."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
static int (*real)(clockid_t, struct timespec *);
int clock_gettime(clockid_t id, struct timespec *now) {
    if (!real) real = (int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(id, now);
    if (!failed && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) now->tv_sec += AHEAD;
    return failed;
}
"""


def ahead_by(seconds: int, folder: Path) -> dict[str, str]:
    """The environment of such a machine; none where no compiler is installed, so that its clock is right."""
    compiler = shutil.which("cc")
    if not compiler:
        return {}
    source, library = folder / "wrong_clock.c", folder / "wrong_clock.so"
    source.write_text(_SOURCE)
    wanted = ["-shared", "-fPIC", f"-DAHEAD={seconds}", "-o", str(library), str(source), "-ldl"]
    subprocess.run([compiler, *wanted], check=True, capture_output=True)
    return {"LD_PRELOAD": str(library)}
