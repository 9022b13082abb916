// SPDX-License-Identifier: GPL-2.0

//! The licences that the kernel knows.

use crate::parse::{ByteString, Error};
use crate::suggest::nearest;

/// The idents that `MODULE_LICENSE` documents (include/linux/module.h).
const KNOWN: [&str; 7] = [
    "GPL",
    "GPL v2",
    "GPL and additional rights",
    "Dual BSD/GPL",
    "Dual MIT/GPL",
    "Dual MPL/GPL",
    "Proprietary",
];

/// Refuses a licence that the kernel would take for a proprietary one.
pub(crate) fn check(license: &ByteString) -> Result<(), Error> {
    if KNOWN.contains(&license.text.as_str()) {
        return Ok(());
    }
    let hint = match nearest(&license.text, &KNOWN) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the kernel knows `{}`", KNOWN.join("`, `")),
    };
    Err(Error::new(
        license.span,
        format!("unknown license `{}`: {hint}", license.text),
    ))
}
