//! Pictures and files, as the window's media scheme asks for them.

use std::fmt;
use std::str::FromStr;

use domain::ConnectionId;
use store::MediaFile;

/// The name of a picture or file outside the engine: opaque, no path, no secret. Other bytes have
/// another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MediaId {
    pub(crate) connection: ConnectionId,
    pub(crate) file: [u8; 16],
}

impl MediaId {
    pub(crate) fn of(connection: ConnectionId, file: &MediaFile) -> Self {
        let mut id = [0; 16];
        hex::decode_to_slice(file.name(), &mut id).expect("a file's name is 32 hex digits");
        Self {
            connection,
            file: id,
        }
    }

    pub(crate) fn file_name(self) -> String {
        hex::encode(self.file)
    }
}

impl fmt::Display for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.connection, self.file_name())
    }
}

impl FromStr for MediaId {
    type Err = domain::id::BadId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (connection, name) = text.split_once('.').ok_or(domain::id::BadId)?;
        let mut file = [0; 16];
        hex::decode_to_slice(name, &mut file).map_err(|_| domain::id::BadId)?;
        Ok(Self {
            connection: connection.parse()?,
            file,
        })
    }
}

/// Bytes for the window's media scheme.
#[derive(Debug, Clone)]
pub struct Media {
    /// By our own sniffing, never the platform's word.
    pub content_type: String,
    /// The whole length.
    pub total: u64,
    /// Where `bytes` begins in the whole.
    pub offset: u64,
    /// The part that was asked for.
    pub bytes: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_id_reads_back_as_itself_and_nothing_else_does() {
        let id = MediaId {
            connection: ConnectionId::from_bytes([7; 16]),
            file: [9; 16],
        };
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in [
            "",
            "../../etc",
            "07.09",
            &format!("{id}.x"),
            &format!("{id}0"),
        ] {
            assert!(text.parse::<MediaId>().is_err(), "{text}");
        }
    }
}
