//! Why a run ended, in words.

use super::event::EndReason;

impl EndReason {
    /// A sentence without a full stop.
    pub fn sentence(&self) -> String {
        match self {
            Self::Finished => "Finished".to_owned(),
            Self::Stopped => "Stopped by a person".to_owned(),
            Self::TargetExited => "The traced process ended".to_owned(),
            Self::TimeLimit { seconds } => format!("Stopped at its time limit of {}", span_of(*seconds)),
            Self::Failed { message } => message.clone(),
            Self::WorkerDied { message } => message.clone(),
            Self::Interrupted => "The server stopped while the script ran".to_owned(),
            Self::Frozen => "A frozen copy; the run went on".to_owned(),
        }
    }

    /// Whether the run did what it was asked to do.
    pub fn is_ok(&self) -> bool {
        match self {
            Self::Finished | Self::Stopped | Self::TargetExited | Self::TimeLimit { .. } | Self::Frozen => true,
            Self::Failed { .. } | Self::WorkerDied { .. } | Self::Interrupted => false,
        }
    }
}

/// A number of seconds in the largest unit that states it exactly.
pub fn span_of(seconds: u64) -> String {
    let (count, unit) = match seconds {
        s if s >= 3600 && s % 3600 == 0 => (s / 3600, "hour"),
        s if s >= 60 && s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_is_named_in_its_natural_unit() {
        let sentence = |seconds| EndReason::TimeLimit { seconds }.sentence();
        assert_eq!(sentence(600), "Stopped at its time limit of 10 minutes");
        assert_eq!(sentence(3600), "Stopped at its time limit of 1 hour");
        assert_eq!(sentence(90), "Stopped at its time limit of 90 seconds");
        assert_eq!(sentence(1), "Stopped at its time limit of 1 second");
    }
}
