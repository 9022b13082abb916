// SPDX-License-Identifier: GPL-2.0
//! A misc device: each open file keeps a number, which ioctls set and get.
//!
//! It is not to be unloaded while a file is open: the kernel's `MiscDevice` names no owner of the
//! file operations (seen in Linux 7.2), so nothing holds the module until the file is closed.

use kernel::{
    fs::File,
    ioctl::{_IOC_SIZE, _IOR, _IOW},
    miscdevice::{MiscDevice, MiscDeviceOptions, MiscDeviceRegistration},
    new_mutex,
    prelude::*,
    sync::Mutex,
    uaccess::UserSlice,
};

module! {
    type: Misc,
    name: "mainline_misc",
    authors: ["The scons-kmod developers"],
    description: "A misc device whose open files keep a number",
    license: "GPL",
}

// The first is from the number kept to the user's, the second the other way.
const GET: u32 = _IOR::<u32>('M' as u32, 1);
const SET: u32 = _IOW::<u32>('M' as u32, 2);

/// The module; the device is there for as long as this is.
#[pin_data]
struct Misc {
    #[pin]
    device: MiscDeviceRegistration<OpenFile>,
}

impl kernel::InPlaceModule for Misc {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        let options = MiscDeviceOptions {
            name: kernel::c_str!("mainline_misc"),
        };
        try_pin_init!(Self {
            device <- MiscDeviceRegistration::register(options),
        })
    }
}

/// What belongs to one open file. Several threads may have it, hence the lock.
#[pin_data]
struct OpenFile {
    #[pin]
    number: Mutex<u32>,
}

#[vtable]
impl MiscDevice for OpenFile {
    type Ptr = Pin<KBox<Self>>;

    fn open(_file: &File, _device: &MiscDeviceRegistration<Self>) -> Result<Self::Ptr> {
        KBox::pin_init(
            pin_init!(Self {
                number <- new_mutex!(0),
            }),
            GFP_KERNEL,
        )
    }

    fn ioctl(this: Pin<&Self>, _file: &File, command: u32, argument: usize) -> Result<isize> {
        // For a command that is none of ours, this is no more than two numbers.
        let user = UserSlice::new(UserPtr::from_addr(argument), _IOC_SIZE(command));
        match command {
            GET => {
                let number = *this.number.lock();
                user.writer().write(&number)?;
            }
            SET => {
                let number = user.reader().read()?;
                *this.number.lock() = number;
            }
            _ => return Err(ENOTTY),
        }
        Ok(0)
    }
}
