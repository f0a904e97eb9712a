//! The kernel's symbols, read by a thread of their own: nobody waits for them but who needs a name.

use crossbeam_channel::{Receiver, bounded};

use super::kallsyms::Kallsyms;

/// The symbols, wherever they are.
pub enum KernelSymbols {
    Unread,
    Reading(Receiver<Kallsyms>),
    Read(Kallsyms),
}

impl KernelSymbols {
    /// Begins to read, if nobody did before; returns at once.
    pub fn begin(&mut self) {
        if !matches!(self, Self::Unread) {
            return;
        }
        let (sender, receiver) = bounded(1);
        let reading = std::thread::Builder::new().name("tracedeck-names".to_owned()).spawn(move || {
            // Nobody waits for the answer any more when the run has ended.
            let _ = sender.send(Kallsyms::read());
        });
        match reading {
            Ok(_) => *self = Self::Reading(receiver),
            Err(error) => tracing::debug!(%error, "the kernel's symbols are read when they are needed"),
        }
    }

    /// Where the symbols will come out while they are being read.
    pub fn awaited(&self) -> Option<Receiver<Kallsyms>> {
        match self {
            Self::Reading(receiver) => Some(receiver.clone()),
            Self::Unread | Self::Read(_) => None,
        }
    }

    /// Takes what came out of [`Self::awaited`].
    pub fn arrived(&mut self, symbols: Kallsyms) {
        *self = Self::Read(symbols);
    }

    /// The symbols; waits until they are read.
    pub fn get(&mut self) -> &Kallsyms {
        let symbols = match self {
            Self::Read(_) => None,
            Self::Reading(receiver) => Some(receiver.recv().unwrap_or_default()),
            Self::Unread => Some(Kallsyms::read()),
        };
        if let Some(symbols) = symbols {
            *self = Self::Read(symbols);
        }
        match self {
            Self::Read(symbols) => symbols,
            Self::Unread | Self::Reading(_) => unreachable!("they were read above"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_that_are_being_read_are_waited_for_once() {
        let mut symbols = KernelSymbols::Unread;
        symbols.begin();
        assert!(symbols.awaited().is_some());
        symbols.get();
        assert!(symbols.awaited().is_none());
        symbols.begin();
        assert!(matches!(symbols, KernelSymbols::Read(_)));
    }
}
