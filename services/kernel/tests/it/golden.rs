//! Events as they were once written stay readable: a file per event type has its bytes and what they say. They are
//! read here with today's contract. A log of years, and a service of an older version, are full of such bytes.
//!
//! A new event type needs a file: `GOLDEN=write cargo test -p kernel --test it golden` makes those that are missing
//! and changes none. Where a file no longer reads the same, the contract was broken: add a field instead, or a `…v2`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use prost::{
    Message,
    encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint},
};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

/// The contract: every message and every enum by its full name, ".sky.flow.v1.AdmissionMoved".
#[derive(Default)]
struct Contract {
    messages: BTreeMap<String, DescriptorProto>,
    enums: BTreeMap<String, EnumDescriptorProto>,
    /// The full names of all events.
    events: BTreeSet<String>,
}

fn proto() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto")
}

impl Contract {
    /// An event is what a file of events has at its top and no other message contains, and what says of which
    /// aggregate it tells.
    fn read() -> Self {
        let mut contract = Self::default();
        for file in FileDescriptorSet::decode(sky_proto::DESCRIPTORS).expect("descriptors").file {
            let package = format!(".{}", file.package());
            let contained: BTreeSet<&str> = file
                .message_type
                .iter()
                .flat_map(|message| &message.field)
                .map(FieldDescriptorProto::type_name)
                .collect();
            let text = fs::read_to_string(proto().join(file.name())).unwrap_or_default();
            for message in &file.message_type {
                let name = format!("{package}.{}", message.name());
                let is_told = file.name().ends_with("events.proto") && !contained.contains(name.as_str());
                if is_told || says_its_aggregate(&text, message.name()) {
                    contract.events.insert(name);
                }
            }
            contract.add(&package, file.message_type, file.enum_type);
        }
        contract
    }

    fn add(&mut self, within: &str, messages: Vec<DescriptorProto>, enums: Vec<EnumDescriptorProto>) {
        self.enums.extend(enums.into_iter().map(|it| (format!("{within}.{}", it.name()), it)));
        for message in messages {
            let name = format!("{within}.{}", message.name());
            self.add(&name, message.nested_type.clone(), message.enum_type.clone());
            self.messages.insert(name, message);
        }
    }

    /// Bytes of a message in which every field is set, as deep as it goes.
    fn sample(&self, name: &str, depth: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in &self.messages[name].field {
            let number = field.number.expect("a number").unsigned_abs();
            let (wire, value) = self.sample_of(field, u64::from(number), depth);
            let times = if field.label() == Label::Repeated { 2 } else { 1 };
            if times == 2 && wire != WireType::LengthDelimited {
                // Numbers that repeat are packed.
                encode_key(number, WireType::LengthDelimited, &mut bytes);
                encode_varint(2 * value.len() as u64, &mut bytes);
                bytes.extend(value.repeat(2));
                continue;
            }
            for _ in 0..times {
                encode_key(number, wire, &mut bytes);
                if wire == WireType::LengthDelimited {
                    encode_varint(value.len() as u64, &mut bytes);
                }
                bytes.extend(&value);
            }
        }
        bytes
    }

    fn sample_of(&self, field: &FieldDescriptorProto, number: u64, depth: u32) -> (WireType, Vec<u8>) {
        let mut varint = Vec::new();
        match field.r#type() {
            Type::String => (WireType::LengthDelimited, field.name().as_bytes().to_vec()),
            Type::Bytes => (WireType::LengthDelimited, number.to_be_bytes().to_vec()),
            Type::Message if depth < 6 => (WireType::LengthDelimited, self.sample(field.type_name(), depth + 1)),
            Type::Message => (WireType::LengthDelimited, Vec::new()),
            Type::Double => (WireType::SixtyFourBit, (number as f64 + 0.5).to_le_bytes().to_vec()),
            Type::Float => (WireType::ThirtyTwoBit, (number as f32 + 0.5).to_le_bytes().to_vec()),
            Type::Enum => {
                let last = self.enums[field.type_name()].value.last().expect("a value").number();
                encode_varint(u64::from(last.unsigned_abs()), &mut varint);
                (WireType::Varint, varint)
            }
            Type::Bool => (WireType::Varint, vec![1]),
            Type::Int32 | Type::Int64 | Type::Uint32 | Type::Uint64 => {
                encode_varint(1000 + number, &mut varint);
                (WireType::Varint, varint)
            }
            Type::Sint32 | Type::Sint64 => {
                // Below zero: -1 is 1, 1 is 2, -2 is 3, …
                encode_varint(2 * (1000 + number) - 1, &mut varint);
                (WireType::Varint, varint)
            }
            other => panic!("{}: {other:?} is used for the first time; say here how it is written", field.name()),
        }
    }

    /// What the bytes say, a line per value: "showing.title.de = "Sterne"". Fails where the contract does not fit.
    fn told(&self, name: &str, way: &str, mut bytes: &[u8], lines: &mut String) -> Result<(), String> {
        let unreadable = |error: prost::DecodeError| format!("{way}: {error}");
        while !bytes.is_empty() {
            let (number, wire) = decode_key(&mut bytes).map_err(unreadable)?;
            let fields = &self.messages[name].field;
            let field = fields.iter().find(|field| field.number().unsigned_abs() == number);
            let field = field.ok_or_else(|| format!("{way}: field {number} is no longer there"))?;
            let way = format!("{way}{}", field.name());
            let mut value = match wire {
                WireType::Varint => {
                    let rest = bytes;
                    decode_varint(&mut bytes).map_err(unreadable)?;
                    &rest[..rest.len() - bytes.len()]
                }
                WireType::SixtyFourBit => bytes.split_off(..8).ok_or(format!("{way}: too short"))?,
                WireType::ThirtyTwoBit => bytes.split_off(..4).ok_or(format!("{way}: too short"))?,
                _ => {
                    let length = decode_varint(&mut bytes).map_err(unreadable)?;
                    let length = usize::try_from(length).map_err(|error| error.to_string())?;
                    bytes.split_off(..length).ok_or(format!("{way}: too short"))?
                }
            };
            if field.r#type() == Type::Message {
                self.told(field.type_name(), &format!("{way}."), value, lines)?;
                continue;
            }
            let is_packed = wire == WireType::LengthDelimited && !matches!(field.r#type(), Type::String | Type::Bytes);
            if is_packed && field.label() != Label::Repeated {
                return Err(format!("{way}: was a list or a text"));
            }
            loop {
                let told = self.value(field, wire, is_packed, &mut value).map_err(|error| format!("{way}: {error}"))?;
                writeln!(lines, "{way} = {told}").expect("written");
                if !is_packed || value.is_empty() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn value(
        &self,
        field: &FieldDescriptorProto,
        wire: WireType,
        packed: bool,
        value: &mut &[u8],
    ) -> Result<String, String> {
        let kind = field.r#type();
        let wanted = match kind {
            Type::String | Type::Bytes => WireType::LengthDelimited,
            Type::Double => WireType::SixtyFourBit,
            Type::Float => WireType::ThirtyTwoBit,
            _ => WireType::Varint,
        };
        if !packed && wire != wanted {
            return Err(format!("is {kind:?} now and was written as {wire:?}"));
        }
        let short = "too short";
        Ok(match kind {
            Type::String => format!("{:?}", str::from_utf8(value).map_err(|error| error.to_string())?),
            Type::Bytes => HEXLOWER.encode(value),
            Type::Double => {
                let eight = value.split_off(..8).and_then(|it| it.try_into().ok()).ok_or(short)?;
                f64::from_le_bytes(eight).to_string()
            }
            Type::Float => {
                let four = value.split_off(..4).and_then(|it| it.try_into().ok()).ok_or(short)?;
                f32::from_le_bytes(four).to_string()
            }
            _ => {
                let number = decode_varint(value).map_err(|error| error.to_string())?;
                match kind {
                    Type::Enum => {
                        let values = &self.enums[field.type_name()].value;
                        let named = values.iter().find(|it| u64::from(it.number().unsigned_abs()) == number);
                        format!("{number} {}", named.ok_or_else(|| format!("{number} means nothing"))?.name())
                    }
                    Type::Sint32 | Type::Sint64 => {
                        let size = (number >> 1).cast_signed();
                        (if number & 1 == 1 { -size - 1 } else { size }).to_string()
                    }
                    Type::Bool => (number == 1).to_string(),
                    _ => number.cast_signed().to_string(),
                }
            }
        })
    }
}

/// Whether the comment above a message of a proto file says of which aggregate it tells.
fn says_its_aggregate(text: &str, message: &str) -> bool {
    let start = format!("message {message} {{");
    let above = text.lines().take_while(|line| *line != start).collect::<Vec<_>>();
    above.len() < text.lines().count()
        && above.iter().rev().take_while(|line| line.starts_with("//")).any(|line| line.contains("Aggregate:"))
}

#[test]
fn golden_events_of_every_type_still_say_the_same() {
    let contract = Contract::read();
    assert!(contract.events.len() > 50, "only {:?}", contract.events);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden");
    let mut wrong = Vec::new();
    for name in &contract.events {
        let file = folder.join(format!("{}.txt", &name[1..]));
        if !file.exists() && std::env::var_os("GOLDEN").is_some_and(|wish| wish == "write") {
            let bytes = contract.sample(name, 0);
            let mut lines = String::new();
            contract.told(name, "", &bytes, &mut lines).expect("just written");
            fs::write(&file, format!("{}\n{lines}", HEXLOWER.encode(&bytes))).expect("written");
        }
        if !file.exists() {
            wrong.push(format!("{name} has no file; see the beginning of golden.rs"));
        }
    }
    for entry in fs::read_dir(&folder).expect("golden files") {
        let file = entry.expect("an entry").path();
        let name = format!(".{}", file.file_stem().expect("a name").display());
        let text = fs::read_to_string(&file).expect("text");
        let (bytes, was) = text.split_once('\n').expect("bytes, then what they say");
        if !contract.messages.contains_key(&name) {
            wrong.push(format!("{name} is no longer there"));
            continue;
        }
        let mut now = String::new();
        match contract.told(&name, "", &HEXLOWER.decode(bytes.as_bytes()).expect("hex"), &mut now) {
            Err(error) => wrong.push(format!("{name}: {error}")),
            Ok(()) if now != was => {
                let differs = was.lines().zip(now.lines()).find(|(was, now)| was != now);
                wrong.push(format!("{name} says something else: {differs:?}"));
            }
            Ok(()) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
