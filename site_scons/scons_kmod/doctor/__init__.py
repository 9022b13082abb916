# SPDX-License-Identifier: MIT
"""`scons doctor`: what building and testing need, what is there, and which package brings the rest.

Imports all others.
"""
