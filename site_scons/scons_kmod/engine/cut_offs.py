# SPDX-License-Identifier: MIT
"""What a step may read though its trace does not know it: rules, each with its reason and the test that pins it.

A rule names a file by a directory that has a name (`NamedDirectories` in audit.py): @TOP@ is the directory of
SConstruct, @BUILD@ the target's build directory, @TREE@ the kernel tree, @SRCTREE@ Kbuild's srctree, @SOURCES@,
@LIBRARY@ and @SITE@ this project's own, @CACHE@ the cache directory, @PATH@ a directory of PATH outside of the system.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from scons_kmod.engine.strace import LISTED, MISSING, OPENED, SEEN

# Files of the system, on any machine: those that packages install, and what programs ask about the machine when they
# start. Headers in /usr/include and programs in /usr/local are not among them.
SYSTEM = (
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr/bin", "/usr/sbin"),
    *("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/share"),
    "/usr/x86_64-linux-gnu",
    *("/dev", "/proc", "/sys"),
    # ld.so and libc.
    *("/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/alternatives", "/etc/locale.alias", "/etc/localtime"),
    # Python's hashlib; clang, which looks for the distribution and for compilers of graphics cards.
    *("/etc/ssl/openssl.cnf", "/etc/debian_version", "/etc/lsb-release", "/etc/os-release", "/etc/redhat-release"),
    *("/etc/env.d/gcc", "/opt"),
)
FILES = f"{OPENED}|{SEEN}"
ANYTHING = f"{FILES}|{LISTED}|{MISSING}"
KERNEL = "@(TREE|SRCTREE)@"


class CutOff(NamedTuple):
    """Reads that need not be in a trace. Patterns are those of `re.fullmatch`."""

    # Steps by name and unit, the kinds of reads (strace.py), and the paths, with names of directories.
    steps: str
    kinds: str
    paths: str
    reason: str
    # The test that fails if the reason does not hold: file and function.
    test: str

    def covers(self, step: str, kind: str, path: str) -> bool:
        """Whether the rule is about a read of this kind, by this step."""
        patterns = ((self.steps, step), (self.kinds, kind), (self.paths, path))
        return all(re.fullmatch(pattern, text) for pattern, text in patterns)


CUT_OFFS: tuple[CutOff, ...] = (
    CutOff(
        r"(CC|CC \[M\]) .*",
        FILES,
        r"@BUILD@/(helpers|link|modules/[^/]+/c)/[\w.-]+\.h\.gch",
        "The files of a precompiled header are in the trace of each step that uses it.",
        "tests/unit/c/test_helpers.py::test_helpers_depend_on_the_headers_that_are_precompiled_for_them",
    ),
    CutOff(
        r"CC \[M\] [^/]+\.mod\.o",
        f"{FILES}|{MISSING}",
        rf"{KERNEL}/.*",
        "A .mod.c depends on the text of its headers (module_headers.i), and the step CPP on their files.",
        "tests/long/test_table.py::test_a_macro_of_what_modpost_writes_relinks_only_modules_that_it_writes_it_for",
    ),
    CutOff(
        r"BINDGEN bindings",
        f"{FILES}|{MISSING}",
        rf"({KERNEL}/|@SOURCES@/rust/(bindings|helpers)/).*",
        "The headers count through the fingerprint: the step DIGEST reads the same headers.",
        "tests/graph/test_fingerprint_against_bindgen.py::test_the_same_fingerprint_means_the_same_bindings",
    ),
    CutOff(
        r"(RUSTC|LD) .*",
        FILES,
        r"@CACHE@/crates/library-\w+/[\w.-]+",
        "The stamp library.json has the digests of all files of the library crates.",
        "tests/unit/engine/test_cached_step.py::test_edited_sources_and_damaged_products_are_reasons_to_run",
    ),
    CutOff(
        r".*",
        FILES,
        r".*/(tools/objtool/objtool|scripts/mod/modpost|scripts/genksyms/genksyms)(\.real-[\w-]+)?",
        "The kernel's own build tools count as the C compiler, by a digest in the signature.",
        "tests/unit/kernel/test_toolchain.py::test_the_kernels_own_build_tools_count_as_the_compiler",
    ),
    CutOff(
        r".*",
        MISSING,
        r"@PATH@/(as|ld|ar|cc|objcopy|readelf|x86_64-linux-gnu-[\w.+-]+|g?nm|g?strip)",
        "The build looks for the programs of the toolchain again when another would be found on PATH. gcc looks for nm"
        " and strip, too, when it links a program for this machine, and does not run them.",
        "tests/unit/kernel/test_toolchain.py::test_a_program_that_gcc_looks_for_is_noticed_earlier_on_path",
    ),
    CutOff(
        r".*",
        FILES,
        r"@LIBRARY@/(\w+/)*__pycache__/\w+\.cpython-\d+\.pyc",
        "Python takes the bytecode of a module only if the module's file has the same size and time; that is tracked.",
        "tests/unit/engine/test_cut_offs.py::test_bytecode_of_an_older_source_is_not_taken",
    ),
    CutOff(
        r".*",
        LISTED,
        r"@SITE@|@LIBRARY@(/\w+)*",
        "Python lists directories of this library, in which it looks for the modules that the tracked files import.",
        "tests/unit/base/test_library_process.py::test_a_step_depends_on_all_files_that_its_process_reads",
    ),
    CutOff(
        r".*",
        MISSING,
        r"@LIBRARY@/(\w+/)?__init__(\.[\w-]+)?\.so|.*/lib/python\d+\.zip",
        "Python looks for its library and for other forms of a module. Only another Python or scons-kmod has them.",
        "tests/unit/base/test_library_process.py::test_a_step_depends_on_all_files_that_its_process_reads",
    ),
    CutOff(
        r"RUSTC .*",
        ANYTHING,
        r"@BUILD@/modules/[^/]+/crate/incremental/.*",
        "The compiler's own state is used only as the last successful run of the same command has left it.",
        "tests/unit/engine/test_incremental.py::test_damage_is_not_trusted",
    ),
    CutOff(
        r"EXPORTS .*",
        MISSING,
        r".*/\.(inputrc|terminfo)",
        "Python loads readline, which looks for the user's settings for terminals.",
        "tests/unit/engine/test_cut_offs.py::test_settings_of_a_terminal_change_nothing",
    ),
    CutOff(
        r"RUSTC .*",
        FILES,
        r".*/rustc-targets/\w+\.json",
        "The name of the file is a digest of its content. A file with other content is written again.",
        "tests/unit/kernel/test_rustc_versions.py::test_a_damaged_target_is_written_again",
    ),
    CutOff(
        r"RUSTC .*",
        LISTED,
        r"@BUILD@/(crates|libraries|modules|kernel-rust)/.*",
        "rustc lists the directories of -L, and takes a crate only if it has the hash that the crate's users name.",
        "tests/unit/engine/test_cut_offs.py::test_rustc_takes_no_crate_that_its_users_do_not_name",
    ),
    CutOff(
        r"RUSTC (proc_macro2|quote|syn|macros|pin_init_internal|zerocopy_derive)",
        FILES,
        r"@BUILD@/kernel-rust/objects/rust/lib\w+\.rmeta",
        "Crates of rustc's own machine are compiled beside those of the kernel. rustc looks at these, and takes none.",
        "tests/unit/engine/test_cut_offs.py::test_rustc_takes_no_crate_that_its_users_do_not_name",
    ),
    CutOff(
        r"RUSTC .*",
        f"{FILES}|{MISSING}",
        r".*/rustc-[\d.]+/library/.*\.rs",
        "rustc looks for sources of the standard library to quote them in messages.",
        "tests/unit/engine/test_cut_offs.py::test_rustc_quotes_the_source_of_another_crate_in_messages_alone",
    ),
    CutOff(
        r"RUSTC ((.*/)?[\w.-]+\.o|macros|pin_init_internal|zerocopy_derive)",
        FILES,
        r".*/linux/rust/(kernel|quote|syn)/.*\.rs",
        "rustc reads sources of another crate to quote them in messages. It depends on the crate's metadata.",
        "tests/unit/engine/test_cut_offs.py::test_rustc_quotes_the_source_of_another_crate_in_messages_alone",
    ),
    CutOff(
        r"(RUSTC|CC|CC \[M\]|BINDGEN|GEN|TARGET) .*",
        MISSING,
        r"@BUILD@/((.*/)?(work|generators/\w+|exports)/[^/]+|kernel-rust/objects/(rust/)?[^/]+)",
        "The linker looks in its directory for libraries that it finds elsewhere, rustc for older outputs. Only steps"
        " write there.",
        "tests/unit/engine/test_cut_offs.py::test_libraries_beside_the_linker_change_nothing",
    ),
    CutOff(
        r"(PCH|CC|CC \[M\]|AS \[M\]|CPP|DIGEST|BINDGEN) .*",
        MISSING,
        r"@BUILD@/.*\.(gch|pch)",
        "Compilers look for precompiled headers. In the build directory, only steps write them.",
        "tests/unit/engine/test_header_search.py::test_a_precompiled_header_that_a_step_writes_is_no_rival",
    ),
    CutOff(
        r"(DIGEST|BINDGEN) .*",
        ANYTHING,
        rf"{KERNEL}/(clang|lib/clang/.*)|.*/lib/x86_64-(unknown|pc)-linux-gnu|@BUILD@/kernel-rust/objects/lib/clang/.*"
        r"|/x86_64-linux-gnu(/.*)?|/usr/local/(cuda[^/]*|nvvm)/.*|(@PATH@|/usr/local/bin)/ptxas",
        "clang looks for its own runtime libraries and for CUDA, which the kernel's C code does not use.",
        "tests/unit/engine/test_cut_offs.py::test_clang_takes_no_headers_of_its_own",
    ),
)
