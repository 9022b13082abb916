# SPDX-License-Identifier: MIT
"""A kernel's packages in the cache directory: its headers, image, modules and sources.

Start with download.py, which fetches what is not there. selection.py says which packages bring a kernel, and
unpack.py what is unpacked of them.
"""
