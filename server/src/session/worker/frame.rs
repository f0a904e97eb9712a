//! The messages between the server and a worker process, and how they travel: a length, then postcard.

use std::io::{self, Read};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::session::driver::RunRequest;
use crate::session::event::Event;

/// Raised with every change of a message or of what it contains. Both sides must agree.
pub const VERSION: u32 = 1;

/// A longer frame is not one of ours.
const MAX_FRAME: usize = 256 << 20;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ToWorker {
    Start(Box<RunRequest>),
    Stop,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FromWorker {
    /// The first message.
    Hello {
        version: u32,
    },
    Event(Event),
}

/// Appends a message as a frame.
pub fn encode(message: &impl Serialize, out: &mut Vec<u8>) -> io::Result<()> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    let mut encoded = postcard::to_extend(message, std::mem::take(out)).map_err(io::Error::other)?;
    let length = (encoded.len() - start - 4) as u32;
    encoded[start..start + 4].copy_from_slice(&length.to_le_bytes());
    *out = encoded;
    Ok(())
}

/// Reads frames from a stream that may time out in the middle of one.
#[derive(Debug)]
pub struct FrameReader<R> {
    stream: R,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that messages already returned took.
    used: usize,
}

/// What came of waiting for a frame.
#[derive(Debug, PartialEq)]
pub enum Received<T> {
    Message(T),
    /// Nothing came in time.
    Nothing,
    /// The other side is gone.
    End,
}

impl<R: Read> FrameReader<R> {
    pub fn new(stream: R) -> Self {
        Self { stream, buffer: Vec::new(), used: 0 }
    }

    /// The next message. An error means that the stream cannot be used any more.
    pub fn receive<T: DeserializeOwned>(&mut self) -> io::Result<Received<T>> {
        loop {
            if let Some(message) = self.buffered()? {
                return Ok(Received::Message(message));
            }
            let mut chunk = [0; 64 << 10];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(Received::End),
                Ok(count) => {
                    self.buffer.drain(..self.used);
                    self.used = 0;
                    self.buffer.extend_from_slice(&chunk[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Ok(Received::Nothing);
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(Received::End),
                Err(error) => return Err(error),
            }
        }
    }

    fn buffered<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let Some((prefix, rest)) = self.buffer[self.used..].split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*prefix) as usize;
        if length > MAX_FRAME {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes")));
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let message = postcard::from_bytes(body).map_err(io::Error::other)?;
        self.used += 4 + length;
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives out one byte at a time, with a time-out before each.
    struct Dribble {
        bytes: std::vec::IntoIter<u8>,
        ready: bool,
    }

    impl Read for Dribble {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.ready = !self.ready;
            if self.ready {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(self.bytes.next().map_or(0, |byte| {
                buffer[0] = byte;
                1
            }))
        }
    }

    #[test]
    fn messages_survive_a_stream_that_stops_in_the_middle() {
        let mut bytes = Vec::new();
        encode(&FromWorker::Hello { version: 7 }, &mut bytes).unwrap();
        encode(&FromWorker::Event(Event::Warning { message: "x".repeat(300) }), &mut bytes).unwrap();
        let mut reader = FrameReader::new(Dribble { bytes: bytes.into_iter(), ready: false });
        let mut messages = Vec::new();
        loop {
            match reader.receive::<FromWorker>().unwrap() {
                Received::Message(message) => messages.push(message),
                Received::Nothing => {}
                Received::End => break,
            }
        }
        assert_eq!(messages[0], FromWorker::Hello { version: 7 });
        assert_eq!(messages[1], FromWorker::Event(Event::Warning { message: "x".repeat(300) }));
        assert_eq!(messages.len(), 2);
    }

    #[test]
    fn an_absurd_length_and_garbage_are_errors() {
        let read = |bytes: &[u8]| FrameReader::new(bytes).receive::<FromWorker>();
        assert!(read(&[0xff; 16]).is_err());
        assert!(read(&[2, 0, 0, 0, 0xff, 0xff]).is_err());
        assert_eq!(read(&[2, 0, 0]).unwrap(), Received::End);
    }
}
