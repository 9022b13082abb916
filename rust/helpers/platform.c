// SPDX-License-Identifier: GPL-2.0

#include <linux/platform_device.h>
#include <linux/version.h>

#include "helpers.h"

/* What remove gives is no longer asked for since 6.11. */
void rust_helper_platform_driver_set_remove(
	struct platform_driver *driver, int (*gives_int)(struct platform_device *),
	void (*gives_void)(struct platform_device *))
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
	driver->remove = gives_int;
#else
	driver->remove = gives_void;
#endif
}

/* 7.2 takes the name of the module, too; in 6.12, sysfs asks the owner. */
int rust_helper_platform_driver_register(struct platform_driver *driver,
					 struct module *owner)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
	return __platform_driver_register(driver, owner);
#else
	return __platform_driver_register(driver, owner, driver->driver.name);
#endif
}

void *rust_helper_platform_get_drvdata(const struct platform_device *pdev)
{
	return platform_get_drvdata(pdev);
}

void rust_helper_platform_set_drvdata(struct platform_device *pdev, void *data)
{
	platform_set_drvdata(pdev, data);
}
