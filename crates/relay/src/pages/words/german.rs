//! The pages in German.

use super::Words;

pub(super) const WORDS: Words = Words {
    tag: "de",
    dir: "ltr",
    run_by: "Relay betrieben von",
    run_here: "Ein Relay auf diesem Rechner",
    privacy: "Datenschutz",
    under_way: "Ihre Löschung ist im Gange",
    completed: "Ihre Löschung ist abgeschlossen",
    refused: "Ihre Löschung wurde abgelehnt",
    unknown: "Diese Anfrage gibt es hier nicht",
    unknown_text: &["Bitte den Code prüfen. Eine Anfrage wird hier 400 Tage lang gezeigt."],
    request: "Anfrage",
    no_name: "Diese Seite braucht keine Anmeldung und zeigt keinen Namen.",
    done: "erledigt",
    received: "Von Meta erhalten",
    relay_erased: "Von diesem Relay gelöscht",
    sealed_none: "Es hielt keine versiegelten Nachrichten.",
    sealed: "Gelöschte versiegelte Nachrichten: {count}. Lesen konnte es keine davon.",
    computers: "Von den Rechnern des Geschäfts gelöscht",
    none_held: "Es liegt nichts vor: Mit dieser Anmeldung ist kein Rechner verbunden.",
    all_confirmed: "Von allen Rechnern ({count}) mit Unterschrift bestätigt, zuletzt am {date}.",
    some_confirmed: "{count} von {all} haben mit Unterschrift bestätigt, zuletzt am {date}.",
    none_confirmed: "Noch keiner von {all} hat bestätigt.",
    last_seen: "Einer war zuletzt am {date} da.",
    as_soon_as_on: "Ein ausgeschalteter Rechner löscht, sobald er läuft, bevor er etwas zeigt.",
    not_reached: "{count} waren 180 Tage lang nicht erreichbar.",
    why_refused: "Warum wurde sie abgelehnt?",
    kept_question: "Bleibt etwas übrig?",
    kept_answer: "Der Code dieser Anfrage, ihre Zeitpunkte und die Quittungen, 400 Tage lang. Sie \
                  nennen niemanden.",
    meta_question: "Und Facebook, Instagram und WhatsApp selbst?",
    meta_answer: "Was dort in Ihrem Konto liegt, bleibt unberührt. Sie können es dort löschen.",
    proof_question: "Kann ich das beweisen?",
    proof_ready: "Unterschriebene Quittung holen. Jeder kann sie prüfen, auch ohne dieses Relay.",
    proof_later: "Sobald ein Rechner bestätigt hat, gibt es hier eine unterschriebene Quittung, die \
                  jeder prüfen kann.",
    over_title: "Diese Anmeldung ist vorbei",
    over_text: &["Bitte zurück zu Shopbell gehen und sie neu beginnen."],
    busy_title: "Zu viele Besuche von hier",
    busy_text: &[
        "Bitte eine Minute warten und diese Seite neu laden. Inzwischen geht nichts verloren.",
    ],
    down_title: "Dieses Relay kann gerade nicht antworten",
    down_text: &[
        "Bitte eine Minute warten und diese Seite neu laden. Bleibt es so, bitte dem Betreiber dieses Relays Bescheid geben.",
    ],
    home_title: "Dies ist ein Shopbell-Relay",
    home_text: &[
        "Es reicht weiter, was Kunden einem Geschäft auf Instagram, Messenger und WhatsApp \
         schreiben: versiegelt, an den eigenen Rechner des Geschäfts. Lesen kann es nichts davon.",
        "Hier gibt es nichts, wo man sich anmeldet. Geschäfte arbeiten im Programm Shopbell auf \
         ihrem Rechner.",
    ],
    home_links: "Mehr über dieses Relay",
    privacy_title: "Was dieses Relay weiß",
    privacy_text: &[
        "Dieses Relay reicht Nachrichten von Meta an den eigenen Rechner eines Geschäfts weiter. \
         Jede Nachricht wird für diesen Rechner versiegelt, sobald sie ankommt und bevor sie auf \
         eine Platte geschrieben wird. Das Relay hat keinen Schlüssel zu dem, was es aufbewahrt.",
    ],
    privacy_answers: &[
        (
            "Was es aufbewahrt",
            "Öffentliche Schlüssel der Rechner des Geschäfts. Versiegelte Nachrichten, bis der \
             Rechner sie sicher hat, und einen Tag länger; höchstens 30 Tage. Pseudonyme der \
             verbundenen Konten und der Angemeldeten, gebildet mit einem Geheimnis, das nicht \
             daneben liegt. Die Minute, in der etwas kam, und seine Größe. Zählwerte. Von jeder \
             Zustellung ein Hashwert mit geheimem Schlüssel, acht Tage lang, um eine von Meta \
             wiederholte zu erkennen. Löschanfragen und ihre Quittungen, 400 Tage lang. Eine \
             Anfrage, die für einen ausgeschalteten Rechner versiegelt ist, wartet, bis er läuft.",
        ),
        (
            "Was es nicht aufbewahrt",
            "Namen, Nummern, Anschriften, Texte, Bilder, Zugangsschlüssel, Kennungen von Konten \
             oder Personen. Zugangsschlüssel werden für den Rechner des Geschäfts versiegelt und \
             vergessen.",
        ),
        (
            "Wer es bekommt",
            "Die eigenen Rechner des Geschäfts. Sonst niemand: keine Auswertung, keine Werbung, \
             kein Verkauf, kein Training von Modellen.",
        ),
        (
            "Wer verantwortlich ist",
            "Das Geschäft bestimmt, wozu seine Nachrichten dienen. Der unten genannte Betreiber \
             führt das Relay in seinem Auftrag.",
        ),
        (
            "Wie man Daten löschen lässt",
            "Die App in den Facebook-Einstellungen entfernen und dort die Löschung verlangen, oder \
             in Shopbell trennen, oder dem Betreiber schreiben. Siehe /data-deletion.",
        ),
    ],
    deletion_title: "Wie man Daten löschen lässt",
    deletion_text: &[
        "Alles, was einem Geschäft über Meta zugegangen ist, kann gelöscht werden, hier und auf den \
         Rechnern des Geschäfts, und eine unterschriebene Quittung beweist es.",
    ],
    deletion_answers: &[
        (
            "Wenn Sie das Geschäft sind",
            "In Shopbell unter „Settings“, „Connections“ den Knopf „Disconnect and wipe“ wählen. Die Daten \
             sind binnen Sekunden unbrauchbar. Oder in den Facebook-Einstellungen unter \
             Business-Integrationen die App entfernen und die Löschung verlangen: Sie erhalten einen \
             Code, und eine Seite hier zeigt den Stand.",
        ),
        (
            "Wenn Sie einem Geschäft geschrieben haben",
            "Fragen Sie das Geschäft oder den unten genannten Betreiber. Die Nachrichten liegen auf \
             dem Rechner des Geschäfts; nur das Geschäft kann sie löschen.",
        ),
        (
            "Wie lange es dauert",
            "Das Relay löscht seinen Teil sofort. Ein Rechner löscht, sobald er läuft.",
        ),
        (
            "Was bleibt",
            "Der Code jeder Anfrage, ihre Zeitpunkte und die Quittungen, 400 Tage lang. Sie nennen \
             niemanden.",
        ),
    ],
};
