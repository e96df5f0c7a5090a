//! The sentences of the pages, in each language. `{…}` are filled in where they are used.

use super::language::Language;

/// The words of all pages in one language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) tag: &'static str,
    pub(super) dir: &'static str,
    pub(super) run_by: &'static str,
    pub(super) run_here: &'static str,
    pub(super) privacy: &'static str,
    pub(super) under_way: &'static str,
    pub(super) completed: &'static str,
    pub(super) refused: &'static str,
    pub(super) unknown: &'static str,
    pub(super) unknown_text: &'static [&'static str],
    pub(super) request: &'static str,
    pub(super) no_name: &'static str,
    pub(super) done: &'static str,
    pub(super) received: &'static str,
    pub(super) relay_erased: &'static str,
    pub(super) sealed_none: &'static str,
    pub(super) sealed: &'static str,
    pub(super) computers: &'static str,
    pub(super) none_held: &'static str,
    pub(super) all_confirmed: &'static str,
    pub(super) some_confirmed: &'static str,
    pub(super) none_confirmed: &'static str,
    pub(super) last_seen: &'static str,
    pub(super) as_soon_as_on: &'static str,
    pub(super) not_reached: &'static str,
    pub(super) why_refused: &'static str,
    pub(super) kept_question: &'static str,
    pub(super) kept_answer: &'static str,
    pub(super) meta_question: &'static str,
    pub(super) meta_answer: &'static str,
    pub(super) proof_question: &'static str,
    pub(super) proof_ready: &'static str,
    pub(super) proof_later: &'static str,
    pub(super) privacy_title: &'static str,
    pub(super) privacy_text: &'static [&'static str],
    pub(super) privacy_answers: &'static [(&'static str, &'static str)],
    pub(super) deletion_title: &'static str,
    pub(super) deletion_text: &'static [&'static str],
    pub(super) deletion_answers: &'static [(&'static str, &'static str)],
}

impl Words {
    pub(super) fn of(language: Language) -> &'static Self {
        match language.tag {
            "es" => &SPANISH,
            "ar" => &ARABIC,
            "de" => &GERMAN,
            _ => &ENGLISH,
        }
    }
}

const ENGLISH: Words = Words {
    tag: "en",
    dir: "ltr",
    run_by: "Relay run by",
    run_here: "A relay on this machine",
    privacy: "Privacy",
    under_way: "Your deletion request is under way",
    completed: "Your deletion request is done",
    refused: "Your deletion request was refused",
    unknown: "There is no such request here",
    unknown_text: &["Check the code. A request is shown here for 400 days after it came."],
    request: "Request",
    no_name: "This page needs no sign-in and shows no name.",
    done: "done",
    received: "Received from Meta",
    relay_erased: "Erased from this relay",
    sealed_none: "It held no sealed messages.",
    sealed: "Sealed messages erased: {count}. It could read none of them.",
    computers: "Erased from the shop’s computers",
    none_held: "Nothing is held: no computer is connected by this sign-in.",
    all_confirmed: "Confirmed by every computer ({count}), signed, the last on {date}.",
    some_confirmed: "{count} of {all} confirmed, signed, the last on {date}.",
    none_confirmed: "None of {all} has confirmed yet.",
    last_seen: "One was last seen on {date}.",
    as_soon_as_on: "A computer that is off erases as soon as it is on, before it shows anything.",
    not_reached: "{count} could not be reached for 180 days.",
    why_refused: "Why was it refused?",
    kept_question: "Is anything kept?",
    kept_answer: "Orders the shop must keep for its books, without name, handle, number or address. \
                  Nothing else.",
    meta_question: "What about Facebook, Instagram and WhatsApp themselves?",
    meta_answer: "What is in your account there is not touched. You can delete it there.",
    proof_question: "Can I prove it?",
    proof_ready: "Get the signed receipt. Anyone can check it, without this relay.",
    proof_later: "When a computer has confirmed, this page offers a signed receipt anyone can check.",
    privacy_title: "What this relay knows",
    privacy_text: &[
        "This relay passes messages from Meta on to a shop owner’s own computer. Each message is \
         sealed to that computer the moment it arrives, before it is written to any disk. The \
         relay has no key to open what it keeps.",
    ],
    privacy_answers: &[
        (
            "What it keeps",
            "Public keys of the shop’s computers. Sealed messages until the computer has them for \
             good, and one day longer; 30 days at most. Pseudonyms of connected accounts and of the \
             people who signed in, made with a secret that is not kept beside them. The minute \
             something arrived, and its size. Counts. Deletion requests and their receipts, for \
             400 days.",
        ),
        (
            "What it does not keep",
            "Names, numbers, addresses, text, pictures, access tokens, or the ids of accounts and \
             people. Tokens are sealed to the shop’s computer and forgotten.",
        ),
        (
            "Who gets it",
            "The shop’s own computers. Nobody else: no analytics, no advertising, no sale, no \
             training of models.",
        ),
        (
            "Who is responsible",
            "The shop decides what its messages are used for. The operator named below runs the \
             relay on its behalf.",
        ),
        (
            "How to have data deleted",
            "Remove the app in your Facebook settings and ask for deletion there, or disconnect in \
             Shopbell, or write to the operator. See /data-deletion.",
        ),
    ],
    deletion_title: "How to have data deleted",
    deletion_text: &[
        "Everything a shop reached by way of Meta can be erased, here and on the shop’s own \
         computers, and there is a signed receipt to prove it.",
    ],
    deletion_answers: &[
        (
            "If you are the shop",
            "In Shopbell, open Settings, Connections, and choose “Disconnect and wipe”. The data is \
             dead within seconds. Or open your Facebook settings, Apps and websites, remove the app \
             and ask for deletion: you get a code, and a page here shows how far it is.",
        ),
        (
            "If you wrote to a shop",
            "Write “DELETE MY DATA” to the shop on the same channel, or ask the operator named \
             below. The messages are on the shop’s own computer, so the shop erases them there.",
        ),
        (
            "How long it takes",
            "The relay erases its part at once. A computer erases as soon as it is on.",
        ),
        (
            "What is kept",
            "Orders a shop must keep for its books, without name, handle, number or address.",
        ),
    ],
};

const SPANISH: Words = Words {
    tag: "es",
    dir: "ltr",
    run_by: "Relé a cargo de",
    run_here: "Un relé en este equipo",
    privacy: "Privacidad",
    under_way: "Su solicitud de eliminación está en curso",
    completed: "Su solicitud de eliminación está completa",
    refused: "Su solicitud de eliminación fue rechazada",
    unknown: "Aquí no existe esa solicitud",
    unknown_text: &["Compruebe el código. Una solicitud se muestra aquí durante 400 días."],
    request: "Solicitud",
    no_name: "Esta página no pide iniciar sesión y no muestra ningún nombre.",
    done: "hecho",
    received: "Recibida de Meta",
    relay_erased: "Borrado de este relé",
    sealed_none: "No guardaba mensajes sellados.",
    sealed: "Mensajes sellados borrados: {count}. No podía leer ninguno.",
    computers: "Borrado de los equipos de la tienda",
    none_held: "No se guarda nada: ningún equipo está conectado con ese inicio de sesión.",
    all_confirmed: "Confirmado con firma por todos los equipos ({count}), el último el {date}.",
    some_confirmed: "{count} de {all} han confirmado con firma, el último el {date}.",
    none_confirmed: "Ninguno de {all} ha confirmado todavía.",
    last_seen: "Uno se vio por última vez el {date}.",
    as_soon_as_on: "Un equipo apagado borra en cuanto se enciende, antes de mostrar nada.",
    not_reached: "No se pudo llegar a {count} en 180 días.",
    why_refused: "¿Por qué fue rechazada?",
    kept_question: "¿Se conserva algo?",
    kept_answer: "Los pedidos que la tienda debe conservar para su contabilidad, sin nombre, \
                  usuario, número ni dirección. Nada más.",
    meta_question: "¿Y Facebook, Instagram y WhatsApp?",
    meta_answer: "Lo que está en su cuenta allí no se toca. Puede eliminarlo allí.",
    proof_question: "¿Puedo demostrarlo?",
    proof_ready: "Obtener el recibo firmado. Cualquiera puede comprobarlo, sin este relé.",
    proof_later: "Cuando un equipo haya confirmado, esta página ofrece un recibo firmado que \
                  cualquiera puede comprobar.",
    privacy_title: "Qué sabe este relé",
    privacy_text: &[
        "Este relé pasa los mensajes de Meta al equipo del propio dueño de la tienda. Cada mensaje \
         se sella para ese equipo en cuanto llega, antes de escribirse en ningún disco. El relé no \
         tiene llave para abrir lo que guarda.",
    ],
    privacy_answers: &[
        (
            "Qué guarda",
            "Claves públicas de los equipos de la tienda. Mensajes sellados hasta que el equipo los \
             tiene con seguridad, y un día más; 30 días como máximo. Seudónimos de las cuentas \
             conectadas y de quienes iniciaron sesión, hechos con un secreto que no se guarda junto \
             a ellos. El minuto en que algo llegó y su tamaño. Recuentos. Solicitudes de \
             eliminación y sus recibos, durante 400 días.",
        ),
        (
            "Qué no guarda",
            "Nombres, números, direcciones, textos, imágenes, tokens de acceso ni identificadores \
             de cuentas o personas. Los tokens se sellan para el equipo de la tienda y se olvidan.",
        ),
        (
            "Quién lo recibe",
            "Los equipos de la propia tienda. Nadie más: sin analítica, sin publicidad, sin venta, \
             sin entrenamiento de modelos.",
        ),
        (
            "Quién es responsable",
            "La tienda decide para qué se usan sus mensajes. El operador indicado abajo mantiene el \
             relé por encargo suyo.",
        ),
        (
            "Cómo pedir la eliminación",
            "Quite la aplicación en la configuración de Facebook y pida allí la eliminación, o \
             desconecte en Shopbell, o escriba al operador. Vea /data-deletion.",
        ),
    ],
    deletion_title: "Cómo pedir la eliminación de datos",
    deletion_text: &[
        "Todo lo que una tienda obtuvo a través de Meta puede borrarse, aquí y en los equipos de la \
         tienda, y hay un recibo firmado que lo demuestra.",
    ],
    deletion_answers: &[
        (
            "Si usted es la tienda",
            "En Shopbell, abra Configuración, Conexiones, y elija «Desconectar y borrar». Los datos \
             quedan inutilizados en segundos. O abra la configuración de Facebook, Aplicaciones y \
             sitios web, quite la aplicación y pida la eliminación: recibirá un código y una página \
             aquí muestra cómo avanza.",
        ),
        (
            "Si usted escribió a una tienda",
            "Escriba «DELETE MY DATA» a la tienda por el mismo canal, o pídalo al operador indicado \
             abajo. Los mensajes están en el equipo de la tienda, que los borra allí.",
        ),
        (
            "Cuánto tarda",
            "El relé borra su parte al instante. Un equipo borra en cuanto está encendido.",
        ),
        (
            "Qué se conserva",
            "Los pedidos que una tienda debe conservar, sin nombre, usuario, número ni dirección.",
        ),
    ],
};

const ARABIC: Words = Words {
    tag: "ar",
    dir: "rtl",
    run_by: "يدير هذا الوسيط",
    run_here: "وسيط على هذا الجهاز",
    privacy: "الخصوصية",
    under_way: "طلب الحذف قيد التنفيذ",
    completed: "اكتمل طلب الحذف",
    refused: "رُفض طلب الحذف",
    unknown: "لا يوجد هنا طلب كهذا",
    unknown_text: &["تحقّق من الرمز. يُعرض الطلب هنا مدة 400 يوم بعد وصوله."],
    request: "الطلب",
    no_name: "لا تحتاج هذه الصفحة إلى تسجيل دخول ولا تعرض أي اسم.",
    done: "تم",
    received: "وصل من ميتا",
    relay_erased: "مُحي من هذا الوسيط",
    sealed_none: "لم تكن لديه رسائل مختومة.",
    sealed: "الرسائل المختومة التي مُحيت: {count}. لم يكن قادرًا على قراءة أي منها.",
    computers: "مُحي من حواسيب المتجر",
    none_held: "لا شيء محفوظ: لا يوجد حاسوب متصل بتسجيل الدخول هذا.",
    all_confirmed: "أكّدت كل الحواسيب ({count}) بتوقيعها، آخرها في {date}.",
    some_confirmed: "أكّد {count} من {all} بتوقيع، آخرها في {date}.",
    none_confirmed: "لم يؤكّد أي من {all} بعد.",
    last_seen: "شوهد أحدها آخر مرة في {date}.",
    as_soon_as_on: "الحاسوب المطفأ يمحو فور تشغيله، قبل أن يعرض أي شيء.",
    not_reached: "تعذّر الوصول إلى {count} منذ 180 يومًا.",
    why_refused: "لماذا رُفض؟",
    kept_question: "هل يُحتفظ بشيء؟",
    kept_answer: "الطلبيات التي يلزم المتجر حفظها في دفاتره، دون اسم أو معرّف أو رقم أو عنوان. لا شيء غيرها.",
    meta_question: "وماذا عن فيسبوك وإنستغرام وواتساب؟",
    meta_answer: "لا يُمسّ ما في حسابك هناك. يمكنك حذفه هناك.",
    proof_question: "هل يمكنني إثبات ذلك؟",
    proof_ready: "احصل على الإيصال الموقّع. يستطيع أي شخص التحقق منه دون هذا الوسيط.",
    proof_later: "عندما يؤكّد حاسوب، تقدّم هذه الصفحة إيصالًا موقّعًا يستطيع أي شخص التحقق منه.",
    privacy_title: "ما يعرفه هذا الوسيط",
    privacy_text: &[
        "يمرّر هذا الوسيط الرسائل من ميتا إلى حاسوب صاحب المتجر نفسه. تُختم كل رسالة لذلك الحاسوب \
         لحظة وصولها، قبل أن تُكتب على أي قرص. وليس لدى الوسيط مفتاح يفتح ما يحفظه.",
    ],
    privacy_answers: &[
        (
            "ما يحفظه",
            "المفاتيح العامة لحواسيب المتجر. الرسائل المختومة إلى أن تصبح لدى الحاسوب نهائيًا ثم \
             يومًا واحدًا بعد ذلك؛ 30 يومًا على الأكثر. أسماء مستعارة للحسابات المتصلة ولمن سجّلوا \
             الدخول، صُنعت بسرّ لا يُحفظ بجانبها. الدقيقة التي وصل فيها شيء وحجمه. أعداد. طلبات \
             الحذف وإيصالاتها مدة 400 يوم.",
        ),
        (
            "ما لا يحفظه",
            "الأسماء والأرقام والعناوين والنصوص والصور ورموز الوصول ومعرّفات الحسابات والأشخاص. \
             تُختم الرموز لحاسوب المتجر ثم تُنسى.",
        ),
        (
            "من يحصل عليه",
            "حواسيب المتجر نفسه. لا أحد غيره: لا تحليلات ولا إعلانات ولا بيع ولا تدريب نماذج.",
        ),
        (
            "من المسؤول",
            "المتجر يقرّر فيم تُستخدم رسائله. والمشغّل المذكور أدناه يدير الوسيط نيابة عنه.",
        ),
        (
            "كيف تُحذف البيانات",
            "أزل التطبيق من إعدادات فيسبوك واطلب الحذف هناك، أو اقطع الاتصال في Shopbell، أو راسل \
             المشغّل. انظر ‎/data-deletion‎.",
        ),
    ],
    deletion_title: "كيف تُحذف البيانات",
    deletion_text: &[
        "كل ما وصل إليه متجر عن طريق ميتا يمكن محوه، هنا وعلى حواسيب المتجر نفسه، ومعه إيصال موقّع \
         يثبت ذلك.",
    ],
    deletion_answers: &[
        (
            "إن كنت المتجر",
            "في Shopbell افتح الإعدادات ثم الاتصالات واختر «قطع الاتصال والمحو». تموت البيانات خلال \
             ثوانٍ. أو افتح إعدادات فيسبوك ثم التطبيقات والمواقع، وأزل التطبيق واطلب الحذف: تحصل على \
             رمز، وتعرض صفحة هنا مدى التقدم.",
        ),
        (
            "إن راسلت متجرًا",
            "اكتب «DELETE MY DATA» إلى المتجر على القناة نفسها، أو اطلب ذلك من المشغّل المذكور \
             أدناه. الرسائل على حاسوب المتجر نفسه، فيمحوها المتجر هناك.",
        ),
        (
            "كم يستغرق",
            "يمحو الوسيط ما عنده فورًا. ويمحو الحاسوب حالما يُشغَّل.",
        ),
        (
            "ما يُحتفظ به",
            "الطلبيات التي يلزم المتجر حفظها، دون اسم أو معرّف أو رقم أو عنوان.",
        ),
    ],
};

const GERMAN: Words = Words {
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
    kept_answer: "Bestellungen, die das Geschäft für seine Bücher aufbewahren muss, ohne Name, \
                  Benutzername, Nummer oder Anschrift. Sonst nichts.",
    meta_question: "Und Facebook, Instagram und WhatsApp selbst?",
    meta_answer: "Was dort in Ihrem Konto liegt, bleibt unberührt. Sie können es dort löschen.",
    proof_question: "Kann ich das beweisen?",
    proof_ready: "Unterschriebene Quittung holen. Jeder kann sie prüfen, auch ohne dieses Relay.",
    proof_later: "Sobald ein Rechner bestätigt hat, gibt es hier eine unterschriebene Quittung, die \
                  jeder prüfen kann.",
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
             daneben liegt. Die Minute, in der etwas kam, und seine Größe. Zählwerte. Löschanfragen \
             und ihre Quittungen, 400 Tage lang.",
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
        "Alles, was ein Geschäft über Meta erreicht hat, kann gelöscht werden, hier und auf den \
         Rechnern des Geschäfts, und eine unterschriebene Quittung beweist es.",
    ],
    deletion_answers: &[
        (
            "Wenn Sie das Geschäft sind",
            "In Shopbell unter Einstellungen, Verbindungen „Trennen und löschen“ wählen. Die Daten \
             sind binnen Sekunden unbrauchbar. Oder in den Facebook-Einstellungen unter Apps und \
             Websites die App entfernen und die Löschung verlangen: Sie erhalten einen Code, und \
             eine Seite hier zeigt den Stand.",
        ),
        (
            "Wenn Sie einem Geschäft geschrieben haben",
            "Schreiben Sie dem Geschäft „DELETE MY DATA“ auf demselben Weg, oder wenden Sie sich an \
             den unten genannten Betreiber. Die Nachrichten liegen auf dem Rechner des Geschäfts, \
             das sie dort löscht.",
        ),
        (
            "Wie lange es dauert",
            "Das Relay löscht seinen Teil sofort. Ein Rechner löscht, sobald er läuft.",
        ),
        (
            "Was bleibt",
            "Bestellungen, die ein Geschäft aufbewahren muss, ohne Name, Benutzername, Nummer oder \
             Anschrift.",
        ),
    ],
};
