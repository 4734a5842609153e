//! Reads members of a recording leniently where the meaning is certain, as generated clients and PHP write them. Which
//! members a recording has is not known here.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

use crate::model::change::Change;
use crate::model::words::{Action, Log, ModelType};

/// A struct that is read from an object. PHP writes an empty object as a list, so an empty list is accepted too, unless
/// `NEEDS_MEMBERS`. Derived code would accept any list, as the members in order.
struct LenientObject<T, const NEEDS_MEMBERS: bool>(T);

impl<'de, T: Deserialize<'de>, const NEEDS_MEMBERS: bool> Deserialize<'de>
    for LenientObject<T, NEEDS_MEMBERS>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T, const NEEDS_MEMBERS: bool>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const NEEDS_MEMBERS: bool> Visitor<'de> for ObjectVisitor<T, NEEDS_MEMBERS> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
                if NEEDS_MEMBERS || items.next_element::<IgnoredAny>()?.is_some() {
                    return Err(A::Error::invalid_type(Unexpected::Seq, &self));
                }
                T::deserialize(MapDeserializer::new(std::iter::empty::<(&str, &str)>()))
            }
        }
        deserializer.deserialize_any(ObjectVisitor::<T, NEEDS_MEMBERS>(PhantomData)).map(Self)
    }
}

/// Reads an object of type `T`.
pub(super) fn object<'de, D, T, U>(deserializer: D) -> Result<U, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Into<U>,
{
    LenientObject::<T, false>::deserialize(deserializer).map(|LenientObject(object)| object.into())
}

/// Reads an object of type `T`, or `null`.
pub(super) fn optional_object<'de, D, T, U>(deserializer: D) -> Result<Option<U>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Into<U>,
{
    let object = Option::<LenientObject<T, false>>::deserialize(deserializer)?;
    Ok(object.map(|LenientObject(object)| object.into()))
}

/// Reads an object, or `null` as the default.
pub(super) fn object_or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    let object = Option::<LenientObject<T, false>>::deserialize(deserializer)?;
    Ok(object.map(|LenientObject(object)| object).unwrap_or_default())
}

/// Reads a list of changes, or `null`. A change always has a field.
pub(super) fn changes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Change>>, D::Error> {
    let items = Option::<Vec<LenientObject<Change, true>>>::deserialize(deserializer)?;
    Ok(items.map(|items| items.into_iter().map(|LenientObject(change)| change).collect()))
}

/// An id as text. Many databases have integer ids, and their clients send integers.
struct LenientId(String);

impl<'de> Deserialize<'de> for LenientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;
        impl Visitor<'_> for IdVisitor {
            type Value = LenientId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an integer")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<LenientId, E> {
                Ok(LenientId(text.to_owned()))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<LenientId, E> {
                Ok(LenientId(number.to_string()))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<LenientId, E> {
                Ok(LenientId(number.to_string()))
            }
        }
        deserializer.deserialize_any(IdVisitor)
    }
}

pub(super) fn text_or_integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    LenientId::deserialize(deserializer).map(|LenientId(text)| text)
}

pub(super) fn optional_text_or_integer<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Option::<LenientId>::deserialize(deserializer)?.map(|LenientId(text)| text))
}

fn id_schema(types: Vec<Type>, description: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(types))
        .description(Some(description))
        .min_length(Some(1))
        .max_length(Some(255))
        .examples([serde_json::Value::from(example)])
}

pub(super) fn model_id_schema() -> Schema {
    let description = "The resource's id; an integer is kept as text.";
    id_schema(vec![Type::String, Type::Integer], description, "42").into()
}

pub(super) fn user_id_schema() -> Schema {
    let description = "The user's id on the platform; an integer is kept as text.";
    id_schema(vec![Type::String, Type::Integer, Type::Null], description, "7").into()
}

pub(super) fn any_object_schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::Object, Type::Null]))
        .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::<Schema>::FreeForm(true)))
        .into()
}

/// Reads a word of the audit log. A word that occurs only in the trail is refused: only the server records there.
pub(super) fn word<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn words_schema(description: &str, words: impl Iterator<Item = &'static str>) -> Schema {
    let words: Vec<_> = words.collect();
    let schema = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    schema.enum_values(Some(words)).into()
}

pub(super) fn action_schema() -> Schema {
    words_schema("The action.", Action::of(Log::Audit).iter().map(|word| word.as_str()))
}

pub(super) fn model_type_schema() -> Schema {
    words_schema("The type of the resource.", ModelType::of(Log::Audit).iter().map(|word| word.as_str()))
}
