# SPDX-License-Identifier: MIT
"""Build the same modules alternately by Kbuild and by scons, and compare the times: docs/reference/bench.md."""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "site_scons"))

import generate
from rows import Pair, Row, all_rows, nothing


@dataclasses.dataclass(frozen=True)
class Sample:
    """What one build took: wall time, processor time of all its processes, and the most memory of any of them."""

    seconds: float
    cpu: float
    megabytes: float


@dataclasses.dataclass(frozen=True)
class Result:
    """A row's samples, the number of processes of the last build by scons, and the modules whose bytes differ."""

    row: Row
    kbuild: list[Sample]
    scons: list[Sample]
    processes: int
    different: list[str]

    def median(self, side: str, field: str = "seconds") -> float:
        """The median of one side's samples."""
        values: list[float] = [getattr(sample, field) for sample in getattr(self, side)]
        return statistics.median(values)

    def ratio(self, field: str = "seconds") -> float:
        """The median of scons divided by that of Kbuild."""
        return self.median("scons", field) / self.median("kbuild", field)

    def line(self) -> str:
        """The row of the Markdown table."""
        row = self.row
        cells = (
            *(row.title, f"{row.count} {KINDS[row.kind]}"),
            *(f"{self.median('kbuild'):.2f} s", f"{self.median('scons'):.2f} s", f"{self.ratio():.3f}"),
            *("" if row.goal is None else f"{row.goal}", f"{self.ratio('cpu'):.3f}"),
            *(f"{self.median('scons', 'megabytes'):.0f} MB", str(self.processes)),
        )
        return f"| {' | '.join(cells)} |"

    def to_json(self) -> dict[str, object]:
        """All that was measured."""
        row = {field: getattr(self.row, field) for field in ("name", "title", "kind", "count", "goal")}
        samples = {side: [dataclasses.asdict(sample) for sample in getattr(self, side)] for side in ("kbuild", "scons")}
        return {**row, **samples, "ratio": self.ratio(), "processes": self.processes, "different": self.different}


CRATES = 20
KINDS = {
    "c": "C",
    "rust": "Rust",
    "small": "small Rust",
    "parts": "files in one",
    "whole": f"files and {CRATES} crates",
}
HEAD = "| what | modules | Kbuild | scons | ratio | goal | ratio of CPU time | memory | processes |"


def timed(argv: list[str], cwd: Path) -> Sample:
    """Run a build and say what it took."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(argv)}\n{output.read().decode()}")
    return Sample(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def measure(row: Row, pair: Pair, runs: int) -> Result:
    """Build by turns, each time after the row's edit."""
    pair.settle()
    kbuild: list[Sample] = []
    scons: list[Sample] = []
    for _ in range(runs):
        row.edit(pair)
        kbuild.append(timed(pair.kbuild(), pair.work))
        scons.append(timed(pair.scons, pair.checkout))
    processes = len(json.loads((pair.build / "last-run.json").read_text()))
    # Of what Kbuild has no rule for, it makes nothing.
    result = Result(row, kbuild, scons, processes, [] if row.kind == "whole" else pair.different())
    if result.different:
        print(f"warning: {row.name}: not the same bytes: {', '.join(result.different)}", file=sys.stderr)
    if row.edit is nothing and processes:
        print(f"warning: {row.name}: {processes} processes ran, but nothing was to do", file=sys.stderr)
    return result


def pair_for(row: Row, base: Path, tree: Path, jobs: int) -> Pair:
    """The two directories for a row's modules, made if they are not there yet."""
    pair = Pair(base / f"{row.kind}-{row.count}", tree, jobs)
    if not pair.directory.exists():
        if row.kind == "rust":
            generate.rust_modules(pair.modules, generate.rust_names(row.count))
        elif row.kind == "small":
            generate.small_rust_modules(pair.modules, row.count)
        elif row.kind in ("parts", "whole"):
            generate.module_of_parts(pair.modules, row.count)
            if row.kind == "whole":
                generate.add_crates(pair.modules / generate.MANY, CRATES)
        else:
            generate.c_modules(pair.modules, row.count)
        pair.lay_out()
    return pair


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="*", help="names or patterns of rows, with commas between (null-*,edit-rust)")
    parser.add_argument("--modules", default="1,10,100,1000", help="how many C modules")
    parser.add_argument("--runs", type=int, default=5, help="how often each build is measured")
    parser.add_argument("--json", type=Path, help="write all that was measured to this file")
    parser.add_argument("--keep", type=Path, help="work in this directory, which must not exist, and keep it")
    return parser.parse_args()


def main() -> None:
    """Measure the chosen rows and print the table."""
    options = arguments()
    # Python compiles its modules once, as it does unless it is told not to.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    jobs = os.cpu_count() or 1
    rows = all_rows([int(count) for count in options.modules.split(",")])
    chosen = [row for row in rows if any(fnmatch.fnmatch(row.name, pattern) for pattern in options.rows.split(","))]
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="scons-kmod-bench-") as scratch:
        base = options.keep or Path(scratch)
        tree = generate.kernel_tree(base / "tree")
        print(f"{tree.name}, -j{jobs}, medians of {options.runs} builds by turns\n\n{HEAD}\n{'|---' * 9}|", flush=True)
        for row in chosen:
            results.append(measure(row, pair_for(row, base, tree, jobs), options.runs))
            print(results[-1].line(), flush=True)
            if options.json:
                options.json.write_text(json.dumps([result.to_json() for result in results], indent=1) + "\n")


if __name__ == "__main__":
    main()
