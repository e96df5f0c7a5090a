//! The ten customers, and the ids each of our accounts knows them by.

use super::shop::Channel;
use crate::ids::stable_digits;

#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) key: &'static str,
    pub(crate) first: &'static str,
    pub(crate) last: &'static str,
    /// The name as the person writes it, family name first where that is the custom.
    pub(crate) name: &'static str,
    pub(crate) username: &'static str,
    pub(crate) language: &'static str,
    /// Digits only. `None` for whoever hides the number behind a username.
    pub(crate) phone: Option<&'static str>,
    pub(crate) country: &'static str,
    /// What the phones' page offers to say next.
    pub(crate) says: &'static [&'static str],
}

impl Person {
    /// The id under which `account` knows this person.
    pub(crate) fn id_at(&self, channel: Channel, account: &str) -> String {
        match channel {
            Channel::Instagram => stable_digits(&format!("igsid/{account}/{}", self.key), 16),
            Channel::Messenger => stable_digits(&format!("psid/{account}/{}", self.key), 17),
            Channel::Whatsapp => self.phone.map_or_else(|| self.bsuid(), str::to_owned),
        }
    }

    /// WhatsApp's id of a person within one business portfolio.
    pub(crate) fn bsuid(&self) -> String {
        format!(
            "{}.{}",
            self.country,
            stable_digits(&format!("bsuid/{}", self.key), 20)
        )
    }

    pub(crate) fn bsuid_parent(&self) -> String {
        let digits = stable_digits(&format!("parent/{}", self.key), 20);
        format!("{}.ENT.{digits}", self.country)
    }
}

macro_rules! person {
    ($key:literal $first:literal $last:literal $name:literal $username:literal $language:literal
     $country:literal $phone:expr, $says:expr) => {
        Person {
            key: $key,
            first: $first,
            last: $last,
            name: $name,
            username: $username,
            language: $language,
            phone: $phone,
            country: $country,
            says: $says,
        }
    };
}

#[rustfmt::skip]
pub(crate) const PEOPLE: [Person; 10] = [
    person!("clara" "Clara" "Whitfield" "Clara Whitfield" "clara.whitfield" "en" "GB" Some("447700900142"),
        &["Hi! Do you still have the peonies from your story?", "Could I collect them on Saturday?", "Lovely, thank you 🌸"]),
    person!("misaki" "美咲" "田中" "田中 美咲" "misaki_hana" "ja" "JP" Some("819012345601"),
        &["こんにちは。母の誕生日に花束をお願いしたいです。", "ピンクと白でまとめていただけますか?", "ありがとうございます🌷"]),
    person!("layla" "ليلى" "حدّاد" "ليلى حدّاد" "layla.haddad" "ar" "JO" Some("962790123456"),
        &["مرحباً، هل لديكم باقات لحفل زفاف؟", "كم سعر باقة الورد الأبيض؟", "شكراً جزيلاً 🤍"]),
    person!("lucia" "Lucía" "Ferrer" "Lucía Ferrer" "luciaferrer_" "es" "ES" Some("34600123457"),
        &["¡Hola! ¿Hacéis envíos a domicilio hoy?", "Es para el cumpleaños de mi abuela 🎂", "¡Mil gracias!"]),
    person!("jonas" "Jonas" "Brandt" "Jonas Brandt" "jonas.brandt" "de" "DE" Some("4915112345678"),
        &["Guten Tag, ist der Kranz schon fertig?", "Die Straße heißt Müllerstraße 5.", "Vielen Dank und schönes Wochenende!"]),
    person!("sofia" "Sofia" "Marques" "Sofia Marques" "sofia.marques" "pt" "PT" Some("351912345670"),
        &["Olá! Vocês têm girassóis?", "Preciso de vinte para sexta-feira.", "Perfeito, obrigada! 🌻"]),
    person!("almendra" "Café" "Almendra" "Café Almendra" "cafe.almendra" "es" "MX" Some("525512345679"),
        &["Buenos días, necesitamos flores frescas para las mesas.", "Doce arreglos pequeños, cada lunes.", "¿Nos pasan factura?"]),
    person!("omar" "Omar" "Aziz" "Omar Aziz" "omar.aziz" "en" "AE" Some("971501234568"),
        &["Is the olive tree on your page still available?", "What does delivery to the marina cost?", "Great, I'll take it 👍"]),
    person!("mia" "Mia" "Keller 🌷" "Mia Keller 🌷" "miakeller" "de" "CH" None,
        &["Huhu 👋😊", "🌷🌷🌷 bitte!!", "❤️‍🔥 so schön, 🙏"]),
    person!("ken" "健" "佐藤" "佐藤 健" "ken.sato" "ja" "JP" Some("818098765432"),
        &["配達の時間を変更できますか?", "午後三時以降でお願いします。", "助かります🙇"]),
];

/// The customer of this short name, full name, or id at one of our accounts.
pub(crate) fn find(name: &str, channel: Channel, account: &str) -> Option<usize> {
    PEOPLE.iter().position(|person| {
        person.key == name
            || person.name == name
            || person.id_at(channel, account) == name
            || (channel == Channel::Whatsapp && person.bsuid() == name)
    })
}

/// The customer an account knows by a platform's id.
pub(crate) fn by_id(id: &str, channel: Channel, account: &str) -> Option<usize> {
    PEOPLE.iter().position(|person| {
        person.id_at(channel, account) == id
            || (channel == Channel::Whatsapp && person.bsuid() == id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_between_accounts_and_people() {
        let clara = &PEOPLE[0];
        assert_ne!(
            clara.id_at(Channel::Messenger, "1"),
            clara.id_at(Channel::Messenger, "2")
        );
        let mut seen: Vec<String> = PEOPLE
            .iter()
            .map(|person| person.id_at(Channel::Instagram, "1"))
            .collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), PEOPLE.len());
    }

    #[test]
    fn whoever_hides_the_number_is_known_by_a_scoped_id() {
        let mia = find("mia", Channel::Whatsapp, "270914356118873").unwrap();
        assert!(PEOPLE[mia].id_at(Channel::Whatsapp, "").starts_with("CH."));
    }
}
