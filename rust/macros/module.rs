// SPDX-License-Identifier: GPL-2.0

//! The `module!` macro.

use crate::license;
use crate::params::{self, Param};
use crate::parse::{substitute, ByteString, Cursor, Error};
use crate::suggest::nearest;
use proc_macro::{Ident, Literal, Span, TokenStream, TokenTree};

/// All keys, in the order that they are written in.
const KEYS: [&str; 8] = [
    "type",
    "name",
    "author",
    "description",
    "license",
    "alias",
    "alias_rtnl_link",
    "params",
];

/// The length of a module's name, without NUL (`MODULE_NAME_LEN`, include/linux/moduleparam.h, 64 bits).
const NAME_MAX: usize = 55;

/// What the module's author declared.
struct ModuleInfo {
    type_: TokenStream,
    name: String,
    /// Key and value, as .modinfo has them.
    modinfo: Vec<(&'static str, String)>,
    params: Vec<Param>,
}

pub(crate) fn module(tokens: TokenStream) -> TokenStream {
    expanded(tokens, |info| expand(&info))
}

/// `module!` for a type that is made here, and registers a misc device.
pub(crate) fn module_misc_device(tokens: TokenStream) -> TokenStream {
    expanded(tokens, |info| {
        let device = misc_device(&info);
        let type_ = Ident::new(MISC_DEVICE_MODULE, Span::call_site());
        let type_ = TokenTree::from(type_).into();
        let module = expand(&ModuleInfo { type_, ..info });
        device.into_iter().chain(module).collect()
    })
}

fn expanded(tokens: TokenStream, expand: impl FnOnce(ModuleInfo) -> TokenStream) -> TokenStream {
    match parse(tokens) {
        Ok(info) => expand(info),
        Err(error) => {
            // What the rest of the source refers to, so that this is the only error.
            let rest = "#[allow(dead_code)] const __LOG_PREFIX: &[u8] = b\"\\0\";";
            let rest: TokenStream = rest.parse().expect("this is Rust");
            error.into_tokens().into_iter().chain(rest).collect()
        }
    }
}

fn parse(tokens: TokenStream) -> Result<ModuleInfo, Error> {
    let mut cursor = Cursor::new(tokens);
    let mut seen: Vec<&str> = Vec::new();
    let mut type_ = None;
    let mut name = None;
    let mut modinfo = Vec::new();
    let mut params = Vec::new();
    while !cursor.at_end() {
        let key = parse_key(&mut cursor, &seen)?;
        match key {
            "type" => type_ = Some(cursor.type_path()?),
            "name" => name = Some(parse_name(&mut cursor)?),
            "params" => params = params::parse(&mut cursor)?,
            "alias_rtnl_link" => {
                let link = cursor.byte_string(key)?;
                modinfo.push(("alias", format!("rtnl-link-{}", link.text)));
            }
            _ => {
                let value = cursor.byte_string(key)?;
                if key == "license" {
                    license::check(&value)?;
                }
                modinfo.push((key, value.text));
            }
        }
        seen.push(key);
        if !cursor.at_end() {
            cursor.punct(',')?;
        }
    }
    let missing = |key| Error::new(Span::call_site(), format!("missing key `{key}`"));
    let info = ModuleInfo {
        type_: type_.ok_or_else(|| missing("type"))?,
        name: name.ok_or_else(|| missing("name"))?,
        modinfo,
        params,
    };
    if !seen.contains(&"license") {
        return Err(missing("license"));
    }
    Ok(info)
}

/// Reads `key:` and checks that the key is known, new and in its place.
fn parse_key(cursor: &mut Cursor, seen: &[&str]) -> Result<&'static str, Error> {
    let ident = cursor.ident("a key of `module!`")?;
    let error = |message| Err(Error::new(ident.span(), message));
    let word = ident.to_string();
    let Some(place) = KEYS.iter().position(|key| *key == word) else {
        let hint = match nearest(&word, &KEYS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the keys are `{}`", KEYS.join("`, `")),
        };
        return error(format!("unknown key `{word}`: {hint}"));
    };
    if seen.contains(&word.as_str()) {
        return error(format!("duplicate key `{word}`"));
    }
    if let Some(later) = seen.iter().find(|key| KEYS[place..].contains(key)) {
        return error(format!(
            "key `{word}` must come before `{later}`: the order is `{}`",
            KEYS.join("`, `")
        ));
    }
    if word == "alias_rtnl_link" && seen.contains(&"alias") {
        return error("`alias` and `alias_rtnl_link` exclude each other".into());
    }
    cursor.punct(':')?;
    Ok(KEYS[place])
}

fn parse_name(cursor: &mut Cursor) -> Result<String, Error> {
    let ByteString { text, span } = cursor.byte_string("name")?;
    let valid = |char: char| char.is_ascii_alphanumeric() || char == '_';
    if text.is_empty() || !text.chars().all(valid) {
        return Err(Error::new(
            span,
            format!("`{text}` is no module name: letters, digits and `_` only"),
        ));
    }
    if text.len() > NAME_MAX {
        return Err(Error::new(
            span,
            format!(
                "the name has {} bytes, the kernel takes {NAME_MAX}",
                text.len()
            ),
        ));
    }
    Ok(text)
}

/// The code of the module; `TYPE` in it is the author's type, with its place in the source.
fn expand(info: &ModuleInfo) -> TokenStream {
    let name = &info.name;
    let prefix = Literal::byte_string(format!("{name}\0").as_bytes());
    let modinfo: String = info
        .modinfo
        .iter()
        .map(|(key, value)| modinfo_static(name, key, key, value))
        .collect();
    let code = format!(
        r#"
            /// The module name, in front of what the module prints.
            #[allow(dead_code)]
            const __LOG_PREFIX: &[u8] = {prefix};

            static mut __MOD: Option<TYPE> = None;

            /// The module itself, as the kernel's functions want it for reference counts.
            #[cfg(MODULE)]
            #[allow(dead_code)]
            // SAFETY: `__this_module` is the `struct module` that modpost adds to the object, and lives as long as it.
            static THIS_MODULE: ::kernel::ThisModule = unsafe {{
                ::kernel::ThisModule::from_ptr(::core::ptr::addr_of_mut!(::kernel::bindings::__this_module))
            }};
            #[cfg(not(MODULE))]
            #[allow(dead_code)]
            // SAFETY: what is built in has no `struct module`: C has a null `THIS_MODULE` there, too.
            static THIS_MODULE: ::kernel::ThisModule =
                unsafe {{ ::kernel::ThisModule::from_ptr(::core::ptr::null_mut()) }};

            // Loadable modules need to export the `{{init,cleanup}}_module` identifiers.
            #[cfg(MODULE)]
            #[doc(hidden)]
            #[no_mangle]
            pub extern "C" fn init_module() -> ::kernel::c_types::c_int {{
                __init()
            }}

            #[cfg(MODULE)]
            #[doc(hidden)]
            #[no_mangle]
            pub extern "C" fn cleanup_module() {{
                __exit()
            }}

            // With IBT, objtool seals functions that no data refers to; C modules hold these references, too.
            #[cfg(MODULE)]
            #[link_section = ".init.data"]
            #[used(compiler)]
            static __INIT_MODULE: extern "C" fn() -> ::kernel::c_types::c_int = init_module;
            #[cfg(MODULE)]
            #[link_section = ".exit.data"]
            #[used(compiler)]
            static __CLEANUP_MODULE: extern "C" fn() = cleanup_module;

            #[cfg(not(MODULE))]
            #[doc(hidden)]
            #[no_mangle]
            pub extern "C" fn __{name}_init() -> ::kernel::c_types::c_int {{
                __init()
            }}

            #[cfg(not(MODULE))]
            #[doc(hidden)]
            #[no_mangle]
            pub extern "C" fn __{name}_exit() {{
                __exit()
            }}

            fn __init() -> ::kernel::c_types::c_int {{
                match <TYPE as ::kernel::KernelModule>::init() {{
                    Ok(m) => {{
                        // SAFETY: the kernel calls this once, before anything else of the module.
                        unsafe {{
                            __MOD = Some(m);
                        }}
                        return 0;
                    }}
                    Err(e) => {{
                        return e.to_kernel_errno();
                    }}
                }}
            }}

            fn __exit() {{
                // SAFETY: the kernel calls this once, after all else of the module.
                unsafe {{
                    // Invokes `drop()` on `__MOD`, which should be used for cleanup.
                    __MOD = None;
                }}
            }}

            {modinfo}
        "#
    );
    let code = code.parse().expect("the template of `module!` is Rust");
    substitute(code, &[("TYPE", &info.type_)])
        .into_iter()
        .chain(params::expand(name, &info.params))
        .collect()
}

/// The type that `module_misc_device!` makes.
const MISC_DEVICE_MODULE: &str = "__MiscDeviceModule";

fn misc_device(info: &ModuleInfo) -> TokenStream {
    let name = &info.name;
    let code = format!(
        r#"
            #[doc(hidden)]
            struct {MISC_DEVICE_MODULE} {{
                _dev: ::kernel::prelude::Pin<::kernel::prelude::Box<::kernel::miscdev::Registration>>,
            }}

            impl ::kernel::KernelModule for {MISC_DEVICE_MODULE} {{
                fn init() -> ::kernel::Result<Self> {{
                    let _dev = ::kernel::miscdev::Registration::new_pinned::<TYPE>(
                        ::kernel::c_str!("{name}"),
                        None,
                        (),
                    )?;
                    Ok(Self {{ _dev }})
                }}
            }}
        "#
    );
    let code = code.parse().expect("the template of the device is Rust");
    substitute(code, &[("TYPE", &info.type_)])
}

/// `key=value` for .modinfo. What is built in says which module each key is of. `unique` tells apart
/// what has the same key.
pub(crate) fn modinfo_static(module: &str, unique: &str, key: &str, value: &str) -> String {
    let item = |cfg: &str, content: String| {
        let bytes = content.len() + 1;
        let content = Literal::byte_string(format!("{content}\0").as_bytes());
        format!(
            r#"
                #[cfg({cfg})]
                #[doc(hidden)]
                #[link_section = ".modinfo"]
                #[used(compiler)]
                pub static __{module}_{unique}: [u8; {bytes}] = *{content};
            "#
        )
    };
    item("MODULE", format!("{key}={value}"))
        + &item("not(MODULE)", format!("{module}.{key}={value}"))
}
