# SPDX-License-Identifier: MIT
"""The commands of the command line, a file each: the file's name is the command's, with - for _.

Each file defines `COMMAND`, a `registry.SconsCommand`. The registry finds the file by listing this directory, so a new
command needs no other edit: `scons -h`, the names that no module can have and the shell completion know it. A file is
imported only if the command line names its command, or asks for help.
"""
