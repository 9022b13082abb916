// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel is built by another compiler than the one that bindgen reads the
 * headers with. Compiled, and not linked, this proves that the two agree on
 * the size of the types that the kernel crate puts in its own structures.
 *
 * bindings_layout.h has a BINDINGS_SIZEOF_<name> for each type in bindgen's
 * output; the build generates it, and includes it by its path.
 */
#include "bindings_helper.h"

#define SAME_SIZE(type, name)						\
	_Static_assert(sizeof(type) == BINDINGS_SIZEOF_##name,		\
		       #type ": bindgen's libclang gives another size")

SAME_SIZE(struct file, file);
SAME_SIZE(struct file_operations, file_operations);
SAME_SIZE(struct inode, inode);
SAME_SIZE(struct kernel_param, kernel_param);
SAME_SIZE(struct list_head, list_head);
SAME_SIZE(struct lock_class_key, lock_class_key);
SAME_SIZE(struct miscdevice, miscdevice);
SAME_SIZE(struct module, module);
SAME_SIZE(struct mutex, mutex);
SAME_SIZE(struct of_device_id, of_device_id);
SAME_SIZE(struct platform_driver, platform_driver);
SAME_SIZE(struct rb_node, rb_node);
SAME_SIZE(struct rb_root, rb_root);
SAME_SIZE(refcount_t, refcount_struct);
SAME_SIZE(struct rust_vm_area_fields, rust_vm_area_fields);
SAME_SIZE(spinlock_t, spinlock);
SAME_SIZE(struct vm_area_struct, vm_area_struct);
SAME_SIZE(struct wait_queue_entry, wait_queue_entry);
SAME_SIZE(struct wait_queue_head, wait_queue_head);

/* The view of an area by the names of old (helpers.h). */
#define SAME_OFFSET(field)						\
	_Static_assert(offsetof(struct rust_vm_area_fields, field) ==	\
		       offsetof(struct vm_area_struct, field) &&	\
		       sizeof_field(struct rust_vm_area_fields, field) == \
		       sizeof_field(struct vm_area_struct, field),	\
		       #field ": struct rust_vm_area_fields is off")

SAME_OFFSET(vm_start);
SAME_OFFSET(vm_end);
SAME_OFFSET(vm_flags);
