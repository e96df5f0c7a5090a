//! Checks a deletion receipt offline: `shopbell verify-receipt FILE`.
