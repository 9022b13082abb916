// SPDX-License-Identifier: GPL-2.0

//! Writes reversed.rs: each byte with its bits in the other order.

fn main() -> std::io::Result<()> {
    let bytes: Vec<u8> = (0..=255u8).map(u8::reverse_bits).collect();
    std::fs::write(
        "reversed.rs",
        format!("const REVERSED: [u8; 256] = {bytes:?};\n"),
    )
}
