//! As much of Protocol Buffers' encoding as a profile needs: variable-length numbers and delimited fields.

/// Builds one message.
#[derive(Debug, Default)]
pub struct Message(Vec<u8>);

impl Message {
    pub fn number(&mut self, field: u32, value: u64) {
        // Zero is what a missing field means.
        if value != 0 {
            put(&mut self.0, u64::from(field) << 3);
            put(&mut self.0, value);
        }
    }

    pub fn bytes(&mut self, field: u32, value: &[u8]) {
        put(&mut self.0, u64::from(field) << 3 | 2);
        put(&mut self.0, value.len() as u64);
        self.0.extend_from_slice(value);
    }

    pub fn message(&mut self, field: u32, value: &Self) {
        self.bytes(field, &value.0);
    }

    pub fn packed(&mut self, field: u32, values: impl IntoIterator<Item = u64>) {
        let mut packed = Vec::new();
        values.into_iter().for_each(|value| put(&mut packed, value));
        self.bytes(field, &packed);
    }

    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The content of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of a fixed width, which no field that is read here has.
    Other,
}

impl<'a> Field<'a> {
    pub fn number(self) -> u64 {
        if let Self::Number(value) = self { value } else { 0 }
    }

    pub fn bytes(self) -> &'a [u8] {
        if let Self::Bytes(bytes) = self { bytes } else { &[] }
    }

    /// The numbers of a repeated field, packed or one at a time. None when they are cut off.
    pub fn numbers(self, out: &mut Vec<u64>) -> Option<()> {
        match self {
            Self::Number(value) => out.push(value),
            Self::Bytes(mut packed) => {
                while !packed.is_empty() {
                    out.push(take(&mut packed)?);
                }
            }
            Self::Other => return None,
        }
        Some(())
    }
}

/// Hands out the fields of a message. None when the bytes are not one.
pub fn fields<'a>(mut bytes: &'a [u8], mut each: impl FnMut(u32, Field<'a>) -> Option<()>) -> Option<()> {
    while !bytes.is_empty() {
        let tag = take(&mut bytes)?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0)?;
        let field = match tag & 7 {
            0 => Field::Number(take(&mut bytes)?),
            1 => split(&mut bytes, 8).map(|_| Field::Other)?,
            2 => {
                let length = usize::try_from(take(&mut bytes)?).ok()?;
                Field::Bytes(split(&mut bytes, length)?)
            }
            5 => split(&mut bytes, 4).map(|_| Field::Other)?,
            _ => return None,
        };
        each(number, field)?;
    }
    Some(())
}

fn split<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, tail) = bytes.split_at_checked(length)?;
    *bytes = tail;
    Some(head)
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
