# SPDX-License-Identifier: MIT
"""The oracle's edits of everything but wrappers: a kernel tree, modules, C helpers, the configuration."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edits import Edit, current, edit_of, replaced

if TYPE_CHECKING:
    from oracle import World

C_SOURCE = """\
// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/fs.h>
#include "own.h"
#if __has_include("asked.h")
#include "asked.h"
#else
#define ASKED 0
#endif
asm(".pushsection .rodata\\n.globl {name}_data\\n{name}_data:\\n.incbin \\"{name}.data\\"\\n.popsection");
int {name}_exported(void);
int {name}_exported(void) {{ return OWN + ASKED; }}
static int __init start(void)
{{
	WARN_ON(OWN == 0);
	pr_info("%d %zu\\n", OWN, sizeof(struct file));
	return 0;
}}
static void __exit stop(void) {{ }}
module_init(start);
module_exit(stop);
EXPORT_SYMBOL_GPL({name}_exported);
MODULE_LICENSE("GPL");
"""


def write_c_module(directory: Path, name: str) -> None:
    """A module of C with a header of its own, a header that it asks for, and data that its assembly takes in."""
    (directory / "data").mkdir(parents=True)
    (directory / "data" / f"{name}.data").write_text("0")
    manifest = f'[module]\nname = "{name}"\n[c]\nsources = ["{name}.c"]\ninclude = ["data"]\n'
    (directory / "module.toml").write_text(manifest)
    (directory / f"{name}.c").write_text(C_SOURCE.format(name=name))
    (directory / "own.h").write_text("#define OWN 1\n")


def at_a_line(world: World, text: str, line: str, pattern: str = r"(?m)^$") -> str:
    """The text with a line put in at a random place that the pattern finds."""
    offsets = [match.start() for match in re.finditer(pattern, text)]
    at = world.dice.choice(offsets) if offsets else len(text)
    return f"{text[:at]}{line}\n{text[at:]}"


# Headers that the crates and the C modules reach, and what is edited in them.
HEADERS = (
    "fs.h",
    "list.h",
    "rbtree.h",
    "sched.h",
    "slab.h",
    "mutex.h",
    "miscdevice.h",
    "mm_types.h",
    "wait.h",
    "module.h",
)


def before_the_end(text: str, code: str) -> str:
    """A header's text with code put in before the end of what is included once."""
    at = text.rindex("#endif")
    return f"{text[:at]}{code}\n{text[at:]}"


def header(world: World) -> Path:
    return world.common / "include/linux" / world.dice.choice(HEADERS)


def header_comment(world: World) -> Edit | None:
    if world.dice.random() < 0.5:
        return replaced("comment line in a header", header(world), lambda text: f"/* {world.number()} */\n{text}")
    return replaced("comment in a header", header(world), lambda text: f"{text.rstrip()} /* {world.number()} */\n")


def header_declaration(world: World) -> Edit | None:
    n = world.number()
    line = world.dice.choice(
        [
            f"#define ORACLE_{n} {n}",
            f"int oracle_{n}(int);",
            f"struct oracle_{n} {{ int a; }};",
            f"enum {{ ORACLE_E{n} }};",
        ]
    )
    return replaced("declaration that nobody reaches", header(world), lambda text: before_the_end(text, line))


def header_field(world: World) -> Edit | None:
    name, struct = world.dice.choice(
        [
            ("fs.h", "file_operations"),
            ("fs.h", "inode"),
            ("miscdevice.h", "miscdevice"),
            ("wait.h", "wait_queue_entry"),
            ("module.h", "module"),
            ("sched.h", "task_struct"),
            ("fs.h", "super_block"),
            ("fs.h", "kiocb"),
        ]
    )
    field = f"\tlong oracle_{world.number()};\n"
    path = world.common / "include/linux" / name
    return replaced(
        "field of a struct",
        path,
        lambda text: re.sub(rf"(struct {struct} \{{\n)", rf"\g<1>{field}", text, count=1),
    )


def header_constant(world: World) -> Edit | None:
    name, macro = world.dice.choice(
        [("fs.h", "FMODE_NONOTIFY"), ("miscdevice.h", "MISC_DYNAMIC_MINOR"), ("sched.h", "TASK_INTERRUPTIBLE")]
    )
    value = world.dice.choice(["1", "255", "254", "0x00000001"])
    path = world.common / "include/linux" / name
    return replaced(
        "value of a macro",
        path,
        lambda text: re.sub(rf"(?m)^(#define {macro}\s+).*$", rf"\g<1>{value}", text, count=1),
    )


def header_inline(world: World) -> Edit | None:
    path = world.common / "include/linux/list.h"
    body = f"\tWRITE_ONCE(list->next, list); /* {world.number()} */ barrier();"
    return replaced(
        "body of an inline function",
        path,
        lambda text: re.sub(r"\tWRITE_ONCE\(list->next, list\);.*", body, text, count=1),
    )


def header_of_modpost(world: World) -> Edit | None:
    path = world.common / "include/linux/export-internal.h"
    align = world.dice.choice([4, 8, 16])
    return replaced(
        "a macro of what modpost writes", path, lambda text: re.sub(r"\.balign \d+", f".balign {align}", text)
    )


def header_shadow(world: World) -> Edit | None:
    name = world.dice.choice(HEADERS)
    original = world.common / "include/linux" / name
    path = world.common / "arch/x86/include/linux" / name
    before = current(path)
    if before is not None:
        return edit_of("no more shadow of a header", path, before, None)
    extra = world.dice.choice(["", f"\n#define ORACLE_SHADOW_{world.number()} 1\n"])
    text = original.read_text().replace("#define MISC_DYNAMIC_MINOR\t255", "#define MISC_DYNAMIC_MINOR\t254")
    return edit_of("shadow of a header", path, None, (text + extra).encode())


def rust_sources(world: World) -> list[Path]:
    return sorted(path for part in ("kernel", "modules") for path in (world.incremental.path / part).rglob("*.rs"))


def rust_comment(world: World) -> Edit | None:
    path = world.dice.choice(rust_sources(world))
    n = world.number()
    if world.dice.random() < 0.5:
        return replaced("comment in a source", path, lambda text: f"{text.rstrip()} // {n}\n")
    return replaced(
        "comment line in a source",
        path,
        lambda text: at_a_line(world, text, f"// {n}", r"(?m)^(?=use |mod |pub mod )"),
    )


def helper_body(world: World) -> Edit | None:
    path = world.dice.choice(sorted((world.incremental.path / "rust/helpers").glob("*.c")))
    n = world.number()
    code = world.dice.choice(
        [
            f"/* {n} */",
            f'\tasm volatile("# {n}");',
            f"\tbarrier(); barrier(); (void){n};",
            '\tasm volatile("nop; nop; .byte 0x90");',
        ]
    )
    return replaced("body of a helper", path, lambda text: at_a_line(world, text, code, r"(?m)^(?=\t)"))


def module_source(world: World) -> Edit | None:
    directory = world.dice.choice(sorted((world.incremental.path / "modules").iterdir()))
    sources = sorted(path for path in directory.rglob("*") if path.suffix in (".rs", ".c") or path.name == "own.h")
    if not sources:
        return None
    n = world.number()
    path = world.dice.choice(sources)
    if path.suffix == ".h":
        return replaced("value in a module's header", path, lambda text: re.sub(r"OWN \d+", f"OWN {n}", text))
    return replaced("text in a module", path, lambda text: re.sub(r'\\n"', rf' {n}\\n"', text, count=1))


def new_module(world: World) -> Edit | None:
    name = f"oracle_{world.number()}"
    directory = world.incremental.path / "modules" / name
    if world.dice.random() < 0.5:
        write_c_module(directory, name)
    else:
        text = (world.incremental.path / "modules/rust_kvm/rust_kvm.rs").read_text()
        directory.mkdir()
        (directory / f"{name}.rs").write_text(text.replace('b"rust_kvm"', f'b"{name}"'))
    manifest = directory / "module.toml"
    text = manifest.read_bytes() if manifest.exists() else f'[module]\nname = "{name}"\n'.encode()
    manifest.unlink(missing_ok=True)
    return edit_of("new module", manifest, None, text)


def no_more_module(world: World) -> Edit | None:
    manifests = sorted((world.incremental.path / "modules").glob("*/module.toml"))
    if len(manifests) < 6:
        return None
    path = world.dice.choice(manifests)
    return edit_of("module is gone", path, path.read_bytes(), None)


def manifest_headers(world: World) -> Edit | None:
    path = world.incremental.path / "modules/rust_minimal/module.toml"
    if "bindings" in (current(path) or b"").decode():
        return replaced("no more headers", path, lambda text: text.split("[bindings]")[0])
    return replaced("headers of a module", path, lambda text: f'{text}[bindings]\nheaders = ["linux/leds.h"]\n')


def configuration(world: World) -> Edit | None:
    path = world.tree / "include/config/auto.conf"
    name = world.dice.choice(["ORACLE", "KVM_ORACLE"])
    line = f"CONFIG_{name}=y\n"
    return replaced("configuration symbol", path, lambda text: text.replace(line, "") if line in text else text + line)


def cfg_in_module(world: World) -> Edit | None:
    path = world.incremental.path / "modules/rust_kvm/rust_kvm.rs"
    code = "#[cfg(CONFIG_KVM_ORACLE)]\n#[no_mangle]\npub static ORACLE: u32 = 7;\n"
    return replaced("cfg of a module", path, lambda text: text.replace(code, "") if code in text else f"{text}\n{code}")


def symvers(world: World) -> Edit | None:
    path = world.tree / "Module.symvers"
    name = world.dice.choice(
        [
            "misc_register",
            "_printk",
            "module_layout",
            "krealloc_noprof",
            "__mutex_init",
            "vfs_fsync",
            "usb_register_driver",
        ]
    )
    crc = f"0x{world.dice.randrange(1 << 32):08x}"
    return replaced(
        "CRC of a symbol", path, lambda text: re.sub(rf"(?m)^0x[0-9a-f]+\t{name}\t", f"{crc}\t{name}\t", text)
    )


def rivalling_source(world: World) -> Edit | None:
    path = world.incremental.path / "modules/rust_list/model/mod.rs"
    before = current(path)
    original = world.incremental.path / "modules/rust_list/model.rs"
    return edit_of("a second file for one Rust module", path, before, None if before else current(original))


def own_header(world: World) -> Edit | None:
    """Of a module: C sees it, and Rust if it has bindings to it, and modules that depend on that one."""
    headers = sorted(path for path in (world.incremental.path / "modules").rglob("*.h") if path.name != "own.h")
    if not headers:
        return None
    path, n = world.dice.choice(headers), world.number()
    kind = world.dice.choice(["comment", "macro", "field", "inline", "type"])
    if kind == "comment":
        return replaced("comment line in an own header", path, lambda text: at_a_line(world, text, f"/* {n} */"))
    if kind == "macro":
        return replaced("macro in an own header", path, lambda text: before_the_end(text, f"#define ORACLE_{n} {n}"))
    pattern, by = {
        "field": (r"(struct \w+ \{\n)", rf"\g<1>\tlong oracle_{n};\n"),
        "inline": (r"(static inline [^;{]*\{\n)", rf"\g<1>\tbarrier(); (void){n};\n"),
        "type": (r"\bu32 (\w+[,;)])", r"u64 \1"),
    }[kind]
    return replaced(f"{kind} in an own header", path, lambda text: re.sub(pattern, by, text, count=1))


def asked_header(world: World) -> Edit | None:
    """Of a C module: a header for which the source asks, beside it or in a directory of headers."""
    found = sorted((world.incremental.path / "modules").glob("*/own.h"))
    if not found:
        return None
    directory = world.dice.choice(found).parent
    path = world.dice.choice([directory / "asked.h", directory / "data/asked.h"])
    before = current(path)
    return edit_of(
        "header that a source asks for", path, before, None if before else b"#define ASKED %d\n" % world.number()
    )


def assembled_data(world: World) -> Edit | None:
    """Of a C module: the file that .incbin takes in."""
    found = sorted((world.incremental.path / "modules").glob("*/data/*.data"))
    return replaced("data of .incbin", world.dice.choice(found), lambda _: str(world.number())) if found else None


def c_source_of_a_module(world: World) -> Edit | None:
    modules = world.incremental.path / "modules"
    path = world.dice.choice(sorted(path for path in modules.rglob("*.[cS]") if "/tables/" not in str(path)))
    n = world.number()
    code = world.dice.choice([f"/* {n} */", f"#define ORACLE_{n} {n}", f"int oracle_{n}(void);"])
    code = f"/* {n} */" if path.suffix == ".S" else code
    return replaced("line in a C source", path, lambda text: at_a_line(world, text, code, r"(?m)^(?=#include|$)"))


def code_of_a_crate(world: World) -> Edit | None:
    """A function's body, be it private, inlined or for other modules."""
    path = world.dice.choice(sorted((world.incremental.path / "modules").rglob("*.rs")))
    line = f"    core::hint::black_box({world.number()}_u32);"
    return replaced(
        "body of a function of a module",
        path,
        lambda text: at_a_line(world, text, line, r"(?m)(?<=\) -> u32 \{\n)|(?<=\) -> Result<Self> \{\n)"),
    )


def signature_of_a_crate(world: World) -> Edit | None:
    path = world.incremental.path / "modules/rust_counter/rust_counter.rs"
    field = "    pub oracle: u8,\n"

    def change(text: str) -> str:
        if field in text:
            return text.replace(field, "").replace("Totals { oracle: 1, came", "Totals { came")
        text = text.replace("pub struct Totals {\n", "pub struct Totals {\n" + field)
        return text.replace("    Totals { came", "    Totals { oracle: 1, came")

    return replaced("a struct that an exported function returns", path, change)


def generator(world: World) -> Edit | None:
    """Its code, a comment in it, or what it reads."""
    tables = sorted(path for path in (world.incremental.path / "modules").rglob("tables/*") if path.is_file())
    if not tables:
        return None
    path, n = world.dice.choice(tables), world.number()
    if path.suffix == ".txt":
        return replaced("data of a generator", path, lambda text: re.sub(r"\d+", str(n % 50 + 1), text, count=1))
    comment = f"# {n}" if path.suffix == ".py" else f"// {n}"
    return replaced("comment in a generator", path, lambda text: f"{text.rstrip()}\n{comment}\n")


def manifest_of_parts(world: World) -> Edit | None:
    """A define, a flag, a feature or an argument."""
    name, old, new = world.dice.choice(
        [
            ("rust_driver", "QUEUE_BYTES=1024", "QUEUE_BYTES=2048"),
            ("rust_driver", 'flags = ["-O3"]', 'flags = ["-O2"]'),
            ("rust_driver", "QUEUE_BYTES=1024", 'ORACLE", "QUEUE_BYTES=1024'),
            ("rust_crates", 'features = ["weighted"]', "features = []"),
            ("rust_crates", 'greeting="hello"', 'greeting="good day"'),
            ("rust_crates", "in spring", "in autumn"),
            ("rust_tables", "0xedb88320", "0x82f63b78"),
            ("rust_counter", "crate = true", "crate = true  # It is."),
        ]
    )
    path = world.incremental.path / "modules" / name / "module.toml"
    return replaced(
        "manifest of a module", path, lambda text: text.replace(new, old) if new in text else text.replace(old, new)
    )


OTHER_EDITS: tuple[Callable[[World], Edit | None], ...] = (
    header_comment,
    header_declaration,
    header_field,
    header_constant,
    header_inline,
    header_of_modpost,
    header_shadow,
    rust_comment,
    rust_comment,
    helper_body,
    module_source,
    module_source,
    new_module,
    no_more_module,
    manifest_headers,
    configuration,
    cfg_in_module,
    symvers,
    rivalling_source,
    own_header,
    own_header,
    asked_header,
    asked_header,
    assembled_data,
    c_source_of_a_module,
    code_of_a_crate,
    signature_of_a_crate,
    generator,
    manifest_of_parts,
)
