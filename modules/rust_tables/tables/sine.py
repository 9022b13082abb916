# SPDX-License-Identifier: GPL-2.0
"""Write sine.rs, a quarter of a sine, scaled to integers: the kernel has no floating point."""

import math
import sys
from pathlib import Path

lines = Path(sys.argv[1]).read_text().splitlines()
((steps, scale),) = (map(int, line.split()) for line in lines if not line.startswith("#"))
values = [round(scale * math.sin(math.pi / 2 * step / steps)) for step in range(steps + 1)]
Path("sine.rs").write_text(f"const SINE: [i32; {len(values)}] = {values};\n")
