# SPDX-License-Identifier: MIT
"""A kernel's packages in the cache directory: its headers, image, modules and sources.

Start with download.py, which downloads what is missing. selection.py says which packages bring a kernel, and
unpack.py says what is unpacked from them.
"""
