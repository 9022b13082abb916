# SPDX-License-Identifier: MIT
"""The scons-kmod library: what to run to build kernel modules, as typed records. It never imports SCons."""

import datetime
import time

__version__ = "0.1.0"
# The day of this version; packages that are made by it have its date.
RELEASED = datetime.date(2026, 11, 25)
# When this library was loaded, in nanoseconds of the clock of file times. A file of it that has changed since may not
# be the code that runs.
LOADED_NS = time.time_ns()
