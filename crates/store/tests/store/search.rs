//! Search finds what people mean, in their scripts, and forgets what was taken back.

use domain::{ContactKind, ContactRef, Timestamp};
use store::vault::contacts::FetchedProfile;
use store::{Query, Vault, merged_messages, merged_people};

use crate::support::{Desk, arrives, edit, said};

fn finds(vault: &Vault, query: &str) -> Vec<String> {
    let query = Query::parse(query).unwrap();
    let hits = merged_messages(&[vault], &query, None, 100).unwrap().hits;
    let text = |hit: store::vault::search::Hit| {
        hit.excerpt
            .into_iter()
            .map(|segment| segment.text)
            .collect::<String>()
    };
    hits.into_iter().map(text).collect()
}

#[test]
fn words_are_found_however_they_are_written() {
    let desk = Desk::new();
    let vault = desk.create(1);
    // Text, and what somebody types to find it.
    let golden: [(&str, &[&str]); 16] = [
        ("مُحَمَّد وصل", &["محمد", "مُحَمَّد"]),
        ("هذه لأحمد", &["أحمد", "احمد"]),
        ("أين الفاتورة؟", &["فاتورة", "الفاتورة", "فاتوره"]),
        ("أريد القهوة والشاي", &["قهوة", "شاي", "اريد"]),
        ("我想退货，谢谢", &["退货", "谢谢", "货"]),
        ("注文をキャンセルしたい", &["キャンセル", "ｷｬﾝｾﾙ", "注文"]),
        ("배송이 늦어요", &["배송", "배송이"]),
        ("ขอคืนเงินครับ", &["คืนเงิน"]),
        ("Meine Straße ist lang", &["strasse", "STRASSE", "Straße"]),
        ("un café crème", &["cafe", "CAFÉ", "creme"]),
        ("İstanbul'a gönderim", &["istanbul", "gonderim"]),
        ("Где мой ЗАКАЗ ёлка", &["заказ", "где", "елка"]),
        ("שָׁלוֹם לכולם", &["שלום"]),
        ("आपका ऑर्डर नमस्ते", &["नमस्ते"]),
        ("رقم ١٢٣٤", &["1234"]),
        ("very happy 🙂", &["🙂", "happ"]),
    ];
    for (number, (text, _)) in golden.iter().enumerate() {
        arrives(&vault, &said("1", &format!("m_{number}"), text), 1_000);
    }
    for (text, queries) in golden {
        for query in queries {
            assert_eq!(finds(&vault, query), [text], "{query}");
        }
    }
    for nothing in ["zzz", "退款", "شركة", "fe"] {
        assert_eq!(finds(&vault, nothing), Vec::<String>::new(), "{nothing}");
    }
}

#[test]
fn all_words_must_be_there_and_the_last_may_be_unfinished() {
    let desk = Desk::new();
    let vault = desk.create(1);
    arrives(&vault, &said("1", "m_1", "the small brass bell"), 1_000);
    arrives(&vault, &said("1", "m_2", "the small tin bell"), 2_000);
    assert_eq!(finds(&vault, "bell small").len(), 2);
    assert_eq!(finds(&vault, "small bra"), ["the small brass bell"]);
    assert_eq!(
        finds(&vault, "bra small"),
        Vec::<String>::new(),
        "only the last is unfinished"
    );
}

#[test]
fn what_was_taken_back_or_changed_is_not_found() {
    let desk = Desk::new();
    let vault = desk.create(1);
    arrives(&vault, &said("1", "m_1", "zeppelin"), 1_000);
    arrives(&vault, &said("1", "m_2", "balloon"), 2_000);
    vault
        .write(|tx| tx.unsend("m_1", Timestamp(3_000)))
        .unwrap();
    vault
        .write(|tx| tx.edit(&edit("m_2", "glider"), Timestamp(3_000)))
        .unwrap();
    assert_eq!(finds(&vault, "zeppelin"), Vec::<String>::new());
    assert_eq!(finds(&vault, "balloon"), Vec::<String>::new());
    assert_eq!(finds(&vault, "glider"), ["glider"]);
}

#[test]
fn people_are_found_by_name_handle_and_number() {
    let desk = Desk::new();
    let (one, two) = (desk.create(1), desk.create(2));
    let mut whatsapp = said("", "m_1", "hi");
    whatsapp.contact = ContactRef {
        name: Some("Zoë Müller".to_owned()),
        ..ContactRef::of(ContactKind::Phone, "4915112345678")
    };
    let zoe = arrives(&one, &whatsapp, 1_000).conversation;
    let nameless = arrives(&two, &said("17", "m_2", "hi"), 2_000).conversation;
    let people = |query: &str| {
        let found = merged_people(&[&one, &two], &Query::parse(query).unwrap(), 10).unwrap();
        found
            .into_iter()
            .map(|conversation| conversation.id)
            .collect::<Vec<_>>()
    };
    for query in ["zoe", "MUL", "müller zoë", "0151 123", "+49 151", "345678"] {
        assert_eq!(people(query), [zoe], "{query}");
    }
    assert_eq!(people("ahmed"), []);
    let profile = FetchedProfile {
        name: Some("أحمد".to_owned()),
        handle: Some("ahmed.z".to_owned()),
        picture: None,
    };
    two.write(|tx| tx.set_profile(nameless, &profile, Timestamp(3), Timestamp(9)))
        .unwrap();
    assert_eq!(people("احمد"), [nameless]);
    assert_eq!(people("z"), [nameless, zoe]);
    let renamed = FetchedProfile {
        name: Some("Someone".to_owned()),
        ..FetchedProfile::default()
    };
    two.write(|tx| tx.set_profile(nameless, &renamed, Timestamp(4), Timestamp(9)))
        .unwrap();
    assert_eq!(people("احمد"), []);
}

#[test]
fn results_of_several_vaults_are_paged_without_loss() {
    let desk = Desk::new();
    let (one, two) = (desk.create(1), desk.create(2));
    // Written down in another order than sent, as after a repair.
    for (number, at) in (0..20).zip([7_i64, 3, 9, 1, 5].into_iter().cycle()) {
        let vault = if number % 3 == 0 { &one } else { &two };
        arrives(
            vault,
            &said("1", &format!("m_{number}"), "bell"),
            1_000 * at + number,
        );
    }
    let query = Query::parse("bell").unwrap();
    let mut found = Vec::new();
    let mut next = None;
    loop {
        let page = merged_messages(&[&one, &two], &query, next.as_ref(), 3).unwrap();
        found.extend(page.hits.iter().map(|hit| hit.message));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 20);
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 20);
}

#[test]
fn a_vault_that_filled_the_page_has_more_to_give() {
    let desk = Desk::new();
    let vault = desk.create(1);
    for number in 0..5 {
        let id = format!("m_{number}");
        arrives(&vault, &said("17", &id, "brass bell"), 1_000 + number);
    }
    let query = Query::parse("bell").unwrap();
    let mut after = None;
    let mut pages = Vec::new();
    loop {
        let page = merged_messages(&[&vault], &query, after.as_ref(), 2).unwrap();
        pages.push(page.hits.len());
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, [2, 2, 1]);
    let whole = merged_messages(&[&vault], &query, None, 5).unwrap();
    assert!(whole.next.is_none(), "exactly full, and that was all");
}
