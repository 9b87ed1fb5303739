//! How what is written in the file and in the environment becomes settings. The environment has only texts: what a text
//! means is decided by the field it is for, so that a password of digits stays the password that it is. No message has a
//! value in it, as it may be a secret.

use std::{collections::BTreeMap, ffi::OsString, fmt};

use serde::{
    Deserializer,
    de::{self, DeserializeSeed, Error as _, Expected, IntoDeserializer, MapAccess, Unexpected, Visitor},
    forward_to_deserialize_any,
};

/// Writes the variables `SKY_…` over what the file says. Two underscores lead into a table.
pub(super) fn put_over(
    table: &mut toml::Table,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> anyhow::Result<()> {
    // In order: of a text and a table under one name the same is refused each time.
    let named: BTreeMap<String, OsString> = variables
        .filter_map(|(name, value)| Some((name.to_str()?.strip_prefix("SKY_")?.to_owned(), value)))
        // It names a program for `sky up`, and is no setting of a service.
        .filter(|(name, _)| name != "NATS_SERVER")
        .collect();
    for (name, value) in named {
        let value = value.to_str().ok_or_else(|| anyhow::anyhow!("SKY_{name} is not text in UTF-8"))?;
        let key = name.to_lowercase();
        let mut way: Vec<&str> = key.split("__").collect();
        let last = way.pop().unwrap_or_default();
        let mut inside = &mut *table;
        for part in way {
            let below = inside.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            inside = below.as_table_mut().ok_or_else(|| {
                anyhow::anyhow!("configuration: SKY_{name} is for a key in `{part}`, which is set as a whole elsewhere")
            })?;
        }
        // Files that secrets are mounted from often end with a line break.
        let text = value.trim_end_matches(['\r', '\n']);
        inside.insert(last.to_owned(), toml::Value::String(text.to_owned()));
    }
    Ok(())
}

/// The list that a text is: `["a", "b"]`.
pub(super) fn list(text: &str) -> Option<Vec<toml::Value>> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    match format!("list = {text}").parse::<toml::Table>().ok()?.remove("list") {
        Some(toml::Value::Array(values)) => Some(values),
        _ => None,
    }
}

/// Why something cannot be read, and where that is.
#[derive(Debug)]
pub(super) struct Fault {
    way: String,
    what: String,
}

impl Fault {
    fn below(self, key: &str) -> Self {
        let way = if self.way.is_empty() { key.to_owned() } else { format!("{key}.{}", self.way) };
        Self { way, ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.way.is_empty() { f.write_str(&self.what) } else { write!(f, "`{}`: {}", self.way, self.what) }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self { way: String::new(), what: what.to_string() }
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("must be one of {}", expected.join(", ")))
    }
}

/// What is written, on its way to a type.
pub(super) struct Written(pub(super) toml::Value);

/// A whole number, from a number or from a text.
macro_rules! whole {
    ($($method:ident $type:ident $visit:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let number = match &self.0 {
                toml::Value::Integer(number) => $type::try_from(*number).ok(),
                toml::Value::String(text) => text.trim().parse::<$type>().ok(),
                _ => None,
            };
            let wanted = || Fault::custom(format_args!("must be a whole number from {} to {}", $type::MIN, $type::MAX));
            visitor.$visit(number.ok_or_else(wanted)?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Written {
    type Error = Fault;

    whole! {
        deserialize_i8 i8 visit_i8
        deserialize_i16 i16 visit_i16
        deserialize_i32 i32 visit_i32
        deserialize_i64 i64 visit_i64
        deserialize_u8 u8 visit_u8
        deserialize_u16 u16 visit_u16
        deserialize_u32 u32 visit_u32
        deserialize_u64 u64 visit_u64
    }

    forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct map struct tuple tuple_struct identifier ignored_any
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            toml::Value::String(text) => visitor.visit_string(text),
            toml::Value::Integer(number) => visitor.visit_i64(number),
            toml::Value::Float(number) => visitor.visit_f64(number),
            toml::Value::Boolean(yes) => visitor.visit_bool(yes),
            toml::Value::Datetime(at) => visitor.visit_string(at.to_string()),
            toml::Value::Array(values) => {
                visitor.visit_seq(de::value::SeqDeserializer::new(values.into_iter().map(Written)))
            }
            toml::Value::Table(table) => visitor.visit_map(Keys { left: table.into_iter(), next: None }),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let yes = match &self.0 {
            toml::Value::Boolean(yes) => Some(*yes),
            toml::Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        visitor.visit_bool(yes.ok_or_else(|| Fault::custom("must be true or false"))?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let values = match self.0 {
            toml::Value::Array(values) => Some(values),
            toml::Value::String(text) => list(&text),
            _ => None,
        };
        let values = values.ok_or_else(|| Fault::custom("must be a list such as [\"a\", \"b\"]"))?;
        Written(toml::Value::Array(values)).deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.0 {
            toml::Value::String(name) => visitor.visit_enum(name.into_deserializer()),
            _ => Err(Fault::unknown_variant("", names)),
        }
    }
}

impl<'de> IntoDeserializer<'de, Fault> for Written {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The keys of a table, one after the other; a fault says below which.
struct Keys {
    left: toml::map::IntoIter<String, toml::Value>,
    next: Option<(String, toml::Value)>,
}

impl<'de> MapAccess<'de> for Keys {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.next = self.left.next();
        let key = self.next.as_ref().map(|(key, _)| key.clone());
        key.map(|key| seed.deserialize(key.into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (key, value) = self.next.take().ok_or_else(|| Fault::custom("a value without a key"))?;
        seed.deserialize(Written(value)).map_err(|fault| fault.below(&key))
    }
}
