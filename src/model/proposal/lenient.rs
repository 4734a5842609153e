//! How members of a recording are read: generously where the meaning is certain, as generated clients and PHP write them.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

use crate::model::change::Change;
use crate::model::entry::{RequestContext, User};
use crate::model::proposal::ProposedUser;

/// A struct that is read from an object, or from an empty list: PHP writes an empty map so. Derived code would take a
/// list for the struct's members in their order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
                if items.next_element::<IgnoredAny>()?.is_some() {
                    return Err(A::Error::invalid_type(Unexpected::Seq, &self));
                }
                T::deserialize(MapDeserializer::new(std::iter::empty::<(&str, &str)>()))
            }
        }
        deserializer.deserialize_any(Members(PhantomData)).map(Self)
    }
}

pub(super) fn user<'de, D: Deserializer<'de>>(deserializer: D) -> Result<User, D::Error> {
    Object::<ProposedUser>::deserialize(deserializer).map(|Object(user)| user.into())
}

pub(super) fn context<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RequestContext, D::Error> {
    let context = Option::<Object<RequestContext>>::deserialize(deserializer)?;
    Ok(context.map(|Object(context)| context).unwrap_or_default())
}

/// Reads a list of objects, or `null`.
pub(super) fn changes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Change>>, D::Error> {
    /// A change has a field: an empty list is none.
    struct Item(Change);
    impl<'de> Deserialize<'de> for Item {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Members;
            impl<'de> Visitor<'de> for Members {
                type Value = Change;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Change, A::Error> {
                    Change::deserialize(MapAccessDeserializer::new(map))
                }
            }
            deserializer.deserialize_map(Members).map(Self)
        }
    }
    let items = Option::<Vec<Item>>::deserialize(deserializer)?;
    Ok(items.map(|items| items.into_iter().map(|Item(change)| change).collect()))
}

/// An id as text. Many databases have integers, and their clients send them as such.
struct Id(String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrInteger;
        impl Visitor<'_> for TextOrInteger {
            type Value = Id;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an integer")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Id, E> {
                Ok(Id(text.to_owned()))
            }
            fn visit_string<E: Error>(self, text: String) -> Result<Id, E> {
                Ok(Id(text))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }
        }
        deserializer.deserialize_any(TextOrInteger)
    }
}

pub(super) fn text_or_integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Id::deserialize(deserializer).map(|Id(text)| text)
}

pub(super) fn optional_text_or_integer<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Option::<Id>::deserialize(deserializer)?.map(|Id(text)| text))
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
    let description = "The platform's id; an integer is kept as text.";
    id_schema(vec![Type::String, Type::Integer, Type::Null], description, "7").into()
}

pub(super) fn any_object_schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::Object, Type::Null]))
        .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::<Schema>::FreeForm(true)))
        .into()
}
