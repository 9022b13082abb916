# SPDX-License-Identifier: MIT
"""`scons adopt`: writes a manifest for a module that Kbuild builds today.

It reads the module's Kbuild file and never runs any of it: no program, no rule, no $(shell ...). If reading
does not tell it something, it prints a remark to the user.

The package imports only base and manifest. Start with adopt_directory.py. The files, by what they are about:
  statements, words, config_condition     GNU make's syntax, and for which kernels a word applies
  variables, expansion, make_functions    variables of make and their expansion
  conditionals, kbuild_file               reading a Kbuild file
  module_objects, compiler_flags, other_modules, recipes, unread_variables
                                          what the file says about the module
  manifest_draft, manifest_text, remarks  the manifest, and what it lacks
"""
