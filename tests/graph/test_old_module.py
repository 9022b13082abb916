# SPDX-License-Identifier: MIT
"""A module that turns on features which rustc has dropped is built all the same, as what it includes says."""

from __future__ import annotations

import shutil
from pathlib import Path

from checkout import Checkout

ROOT = """\
// SPDX-License-Identifier: GPL-2.0
#![no_std]
#![feature(allocator_api, const_fn, global_asm, concat_idents)]

mod inner;

use kernel::prelude::*;

module! {
    type: Old,
    name: b"old",
    license: b"GPL v2",
}

struct Old;

impl KernelModule for Old {
    fn init() -> Result<Self> {
        pr_info!("{} in {}\\n", inner::deeper::TEXT, file!());
        Ok(Old)
    }
}
"""


def test_a_module_of_several_files(checkout: Checkout, tmp_path: Path) -> None:
    own = tmp_path / "old"
    (own / "inner").mkdir(parents=True)
    (own / "module.toml").write_text('[module]\nname = "old"\n')
    (own / "old.rs").write_text(ROOT)
    (own / "inner.rs").write_text("pub mod deeper;\n")
    deeper = own / "inner/deeper.rs"
    deeper.write_text('pub const TEXT: &str = "before";\n')
    args = (f"MODULES={own}", "old")
    checkout.scons(*args)
    ko = checkout.target / "modules/old/old.ko"
    assert b"before" in ko.read_bytes()
    assert str(tmp_path).encode() not in ko.read_bytes()
    assert str(checkout.path).encode() not in ko.read_bytes()
    checkout.scons(*args)
    assert checkout.ran() == []
    deeper.write_text('pub const TEXT: &str = "after!";\n')
    checkout.scons(*args)
    assert ("RUSTC", "old.o") in checkout.ran()
    assert b"after!" in ko.read_bytes()
    (own / "old.rs").write_text(ROOT.replace("Ok(Old)", "Ok(3)"))
    failed = checkout.scons(*args, check=False)
    assert failed.returncode == 2
    assert " --> modules/old/old.rs:20:12\n" in failed.stderr
    shutil.rmtree(checkout.target / "modules/old")
