// SPDX-License-Identifier: GPL-2.0

//! The `params` of `module!`.

use crate::module::modinfo_static;
use crate::parse::{substitute, Cursor, Error};
use crate::suggest::nearest;
use proc_macro::{Delimiter, Ident, Literal, TokenStream, TokenTree};

/// The types that a parameter can have: in Rust, the operations that stand for it, and what
/// modinfo(8) calls it, which is C's name where there is one (include/linux/moduleparam.h).
const TYPES: [(&str, &str, &str); 12] = [
    ("bool", "PARAM_OPS_BOOL", "bool"),
    ("i8", "PARAM_OPS_I8", "i8"),
    ("u8", "PARAM_OPS_U8", "byte"),
    ("i16", "PARAM_OPS_I16", "short"),
    ("u16", "PARAM_OPS_U16", "ushort"),
    ("i32", "PARAM_OPS_I32", "int"),
    ("u32", "PARAM_OPS_U32", "uint"),
    ("i64", "PARAM_OPS_I64", "long"),
    ("u64", "PARAM_OPS_U64", "ulong"),
    ("isize", "PARAM_OPS_ISIZE", "long"),
    ("usize", "PARAM_OPS_USIZE", "ulong"),
    ("str", "PARAM_OPS_STR", "charp"),
];

/// The type of a parameter.
enum Type {
    /// One of `TYPES`.
    Single(usize),
    /// `ArrayParam<one of TYPES, length>`.
    Array(usize, TokenStream),
}

/// One parameter.
pub(crate) struct Param {
    name: Ident,
    type_: Type,
    default: TokenStream,
    permissions: u16,
    description: String,
}

/// Reads `{ name: type { default: ..., permissions: ..., description: b"..." }, ... }`.
pub(crate) fn parse(cursor: &mut Cursor) -> Result<Vec<Param>, Error> {
    let mut cursor = cursor.group(Delimiter::Brace, "`{` and the parameters")?;
    let mut params: Vec<Param> = Vec::new();
    while !cursor.at_end() {
        let param = parse_param(&mut cursor)?;
        let name = param.name.to_string();
        if params.iter().any(|other| other.name.to_string() == name) {
            return Err(Error::new(
                param.name.span(),
                format!("duplicate parameter `{name}`"),
            ));
        }
        params.push(param);
        if !cursor.at_end() {
            cursor.punct(',')?;
        }
    }
    Ok(params)
}

fn parse_param(cursor: &mut Cursor) -> Result<Param, Error> {
    let name = cursor.ident("the name of a parameter")?;
    cursor.punct(':')?;
    let type_ = parse_type(cursor)?;
    let mut inner = cursor.group(
        Delimiter::Brace,
        "`{ default: ..., permissions: ..., description: b\"...\" }`",
    )?;
    expect_key(&mut inner, "default")?;
    let default = match type_ {
        Type::Single(number) if TYPES[number].0 == "str" => {
            inner.byte_string("default")?.into_tokens()
        }
        _ => inner.expression("the default")?,
    };
    inner.punct(',')?;
    expect_key(&mut inner, "permissions")?;
    let permissions = parse_permissions(&mut inner)?;
    inner.punct(',')?;
    expect_key(&mut inner, "description")?;
    let description = inner.byte_string("description")?.text;
    if !inner.at_end() {
        inner.punct(',')?;
    }
    inner.end()?;
    Ok(Param {
        name,
        type_,
        default,
        permissions,
        description,
    })
}

fn expect_key(cursor: &mut Cursor, key: &str) -> Result<(), Error> {
    let ident = cursor.ident(&format!("`{key}`"))?;
    if ident.to_string() != key {
        return Err(Error::new(
            ident.span(),
            format!(
                "expected `{key}`, found `{ident}`: a parameter has `default`, `permissions`, `description`"
            ),
        ));
    }
    cursor.punct(':')
}

fn parse_type(cursor: &mut Cursor) -> Result<Type, Error> {
    let ident = cursor.ident("the type of a parameter")?;
    if ident.to_string() != "ArrayParam" {
        return Ok(Type::Single(known_type(&ident)?));
    }
    cursor.punct('<')?;
    let ident = cursor.ident("the type of the values")?;
    let values = known_type(&ident)?;
    if TYPES[values].0 == "str" {
        return Err(Error::new(
            ident.span(),
            "an array of `str` is not supported",
        ));
    }
    cursor.punct(',')?;
    let length = cursor.expression_up_to('>', "the greatest number of values")?;
    cursor.punct('>')?;
    Ok(Type::Array(values, length))
}

fn known_type(ident: &Ident) -> Result<usize, Error> {
    let word = ident.to_string();
    let names: Vec<&str> = TYPES.iter().map(|(name, ..)| *name).collect();
    names.iter().position(|name| *name == word).ok_or_else(|| {
        let hint = match nearest(&word, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are `{}` and `ArrayParam<T, N>`", names.join("`, `")),
        };
        Error::new(
            ident.span(),
            format!("`{word}` is no type of a parameter: {hint}"),
        )
    })
}

/// Reads the mode of the file in sysfs, which has to be what C takes (`VERIFY_OCTAL_PERMISSIONS`,
/// include/linux/kernel.h).
fn parse_permissions(cursor: &mut Cursor) -> Result<u16, Error> {
    let (text, span) = cursor.literal("the permissions")?;
    let error = |message: String| Error::new(span, message);
    let digits = text.replace('_', "");
    let digits = digits.trim_end_matches("u16").trim_end_matches("u32");
    let (radix, digits) = match digits.get(..2) {
        Some("0o") => (8, &digits[2..]),
        Some("0x") => (16, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ => (10, digits),
    };
    let mode = u16::from_str_radix(digits, radix).map_err(|_| {
        error(format!(
            "expected permissions such as `0o644`, found `{text}`"
        ))
    })?;
    if mode > 0o777 {
        return Err(error(format!(
            "`{text}` are no permissions: at most `0o777`; octal numbers begin with `0o`"
        )));
    }
    let (user, group, other) = (mode >> 6, mode >> 3, mode);
    let problem = if other & 2 != 0 {
        "others may write"
    } else if user & 2 < group & 2 {
        "the group may write and the user may not"
    } else if user & 4 < group & 4 {
        "the group may read and the user may not"
    } else if group & 4 < other & 4 {
        "others may read and the group may not"
    } else {
        return Ok(mode);
    };
    Err(error(format!("the kernel refuses `{text}`: {problem}")))
}

/// All that the parameters are to the module, and to the kernel.
pub(crate) fn expand(module: &str, params: &[Param]) -> TokenStream {
    if params.is_empty() {
        return TokenStream::new();
    }
    let number = params.len();
    let records: String = params.iter().map(|param| param.record(module)).collect();
    // The kernel takes the section for an array. Statics of their own may be aligned to more than
    // their type is: rustc's -Zmin-function-alignment reaches them.
    let code = format!(
        r#"
            #[doc(hidden)]
            #[link_section = "__param"]
            #[used(compiler)]
            static __PARAMS: [::kernel::module_param::KernelParam; {number}] = [{records}];
        "#
    );
    let array: TokenStream = code.parse().expect("the template of the array is Rust");
    params
        .iter()
        .flat_map(|param| param.expand(module))
        .chain(array)
        .collect()
}

impl Param {
    /// What the names of all items of the parameter begin with.
    fn item(&self, module: &str) -> String {
        format!("__{module}_param_{}", self.name)
    }

    /// The `struct kernel_param`, as an element of an array.
    fn record(&self, module: &str) -> String {
        let name = self.name.to_string();
        let c_name = Literal::byte_string(format!("{name}\0").as_bytes());
        let built_in_name = Literal::byte_string(format!("{module}.{name}\0").as_bytes());
        let item = self.item(module);
        let permissions = self.permissions;
        let (ops, ..) = self.operations(&item);
        format!(
            r#"
                ::kernel::module_param::KernelParam(::kernel::bindings::kernel_param {{
                    #[cfg(MODULE)]
                    name: {c_name}.as_ptr().cast(),
                    #[cfg(not(MODULE))]
                    name: {built_in_name}.as_ptr().cast(),
                    #[cfg(MODULE)]
                    // SAFETY: only the address is taken.
                    mod_: unsafe {{ ::core::ptr::addr_of_mut!(::kernel::bindings::__this_module) }},
                    #[cfg(not(MODULE))]
                    mod_: ::core::ptr::null_mut(),
                    ops: &{ops},
                    perm: {permissions},
                    level: -1,
                    flags: 0,
                    __bindgen_anon_1: ::kernel::bindings::kernel_param__bindgen_ty_1 {{
                        // SAFETY: only the address is taken.
                        arg: unsafe {{ ::core::ptr::addr_of_mut!({item}_value).cast() }},
                    }},
                }}),
            "#
        )
    }

    /// The value, the object by which the author reads it, and what modinfo says of it.
    fn expand(&self, module: &str) -> TokenStream {
        let name = self.name.to_string();
        let item = self.item(module);
        let (_, ops_item, kind) = self.operations(&item);
        let (value_type, value) = self.value();
        let read = if self.permissions & 0o222 == 0 {
            "fn read(&self) -> &"
        } else {
            "fn read<'lock>(&self, _lock: &'lock ::kernel::KParamGuard<'_>) -> &'lock "
        };
        let modinfo = modinfo_static(
            module,
            &format!("param_{name}_parm"),
            "parm",
            &format!("{name}:{}", self.description),
        ) + &modinfo_static(
            module,
            &format!("param_{name}_parmtype"),
            "parmtype",
            &format!("{name}:{kind}"),
        );
        let code = format!(
            r#"
                #[allow(non_upper_case_globals)]
                static mut {item}_value: {value_type} = {value};

                {ops_item}

                #[allow(non_camel_case_types)]
                struct {item};

                impl {item} {{
                    #[allow(dead_code)]
                    {read}<{value_type} as ::kernel::module_param::ModuleParam>::Value {{
                        // SAFETY: the kernel writes it before `init`, and with the parameters locked.
                        let value = unsafe {{ &*::core::ptr::addr_of!({item}_value) }};
                        ::kernel::module_param::ModuleParam::value(value)
                    }}
                }}

                #[allow(dead_code, non_upper_case_globals)]
                static NAME: {item} = {item};

                {modinfo}
            "#
        );
        let code = code.parse().expect("the template of a parameter is Rust");
        let name = TokenTree::from(self.name.clone()).into();
        let length = match &self.type_ {
            Type::Single(_) => TokenStream::new(),
            Type::Array(_, length) => length.clone(),
        };
        let names = [
            ("NAME", &name),
            ("DEFAULT", &self.default),
            ("LENGTH", &length),
        ];
        substitute(code, &names)
    }

    /// The path of the operations, the item that makes them if the kernel crate does not have
    /// them, and modinfo's name for the type.
    fn operations(&self, item: &str) -> (String, String, String) {
        match &self.type_ {
            Type::Single(number) => {
                let (_, ops, kind) = TYPES[*number];
                let path = format!("::kernel::module_param::{ops}");
                (path, String::new(), kind.to_owned())
            }
            Type::Array(number, _) => {
                let (type_, _, kind) = TYPES[*number];
                let ops = format!("{item}_ops");
                let made = format!(
                    "::kernel::make_param_ops!(
                        #[doc(hidden)]
                        #[allow(non_upper_case_globals)]
                        {ops},
                        ::kernel::module_param::ArrayParam<{type_}, {{ LENGTH }}>
                    );"
                );
                (ops, made, format!("array of {kind}"))
            }
        }
    }

    /// The type that the kernel crate has for the parameter, and the default as a value of it.
    fn value(&self) -> (String, &str) {
        match &self.type_ {
            Type::Single(number) if TYPES[*number].0 == "str" => (
                "::kernel::module_param::StringParam".to_owned(),
                "::kernel::module_param::StringParam::Ref(DEFAULT)",
            ),
            Type::Single(number) => (TYPES[*number].0.to_owned(), "DEFAULT"),
            Type::Array(number, _) => (
                format!(
                    "::kernel::module_param::ArrayParam<{}, {{ LENGTH }}>",
                    TYPES[*number].0
                ),
                "::kernel::module_param::ArrayParam::create(&DEFAULT)",
            ),
        }
    }
}
