//! The pages in Spanish.

use super::Words;

pub(super) const WORDS: Words = Words {
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
    kept_answer: "El código de esta solicitud, sus fechas y los recibos firmados, durante 400 días. No \
                  nombran a nadie.",
    meta_question: "¿Y Facebook, Instagram y WhatsApp?",
    meta_answer: "Lo que está en su cuenta allí no se toca. Puede eliminarlo allí.",
    proof_question: "¿Puedo demostrarlo?",
    proof_ready: "Obtener el recibo firmado. Cualquiera puede comprobarlo, sin este relé.",
    proof_later: "Cuando un equipo haya confirmado, esta página ofrece un recibo firmado que \
                  cualquiera puede comprobar.",
    over_title: "Este inicio de sesión ha terminado",
    over_text: &["Vuelva a Shopbell y empiécelo de nuevo."],
    busy_title: "Demasiadas visitas desde aquí",
    busy_text: &[
        "Espere un minuto y vuelva a cargar esta página. Mientras tanto no se pierde nada.",
    ],
    down_title: "Este relé no puede responder ahora",
    down_text: &[
        "Espere un minuto y vuelva a cargar esta página. Si sigue igual, avise a quien lleva este relé.",
    ],
    home_title: "Este es un relé de Shopbell",
    home_text: &[
        "Pasa lo que los clientes escriben a una tienda por Instagram, Messenger y WhatsApp al \
         equipo de la propia tienda, sellado, y no puede leer nada de lo que guarda.",
        "Aquí no hay nada donde iniciar sesión. Las tiendas trabajan con el programa Shopbell en su \
         equipo.",
    ],
    home_links: "Más sobre este relé",
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
             a ellos. El minuto en que algo llegó y su tamaño. Recuentos. De cada entrega, un \
             hash hecho con una clave secreta, durante ocho días, para reconocer la que Meta \
             repite. Solicitudes de eliminación y sus recibos, durante 400 días. Una solicitud \
             sellada para un equipo apagado espera hasta que se encienda.",
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
            "En Shopbell, abra «Settings», «Connections», y elija «Disconnect and wipe». Los datos \
             quedan inutilizados en segundos. O abra la configuración de Facebook, Integraciones \
             comerciales, quite la aplicación y pida la eliminación: recibirá un código y una página \
             aquí muestra cómo avanza.",
        ),
        (
            "Si usted escribió a una tienda",
            "Pregunte a la tienda o al operador indicado abajo. Los mensajes están en el equipo de la \
             tienda; solo ella puede borrarlos.",
        ),
        (
            "Cuánto tarda",
            "El relé borra su parte al instante. Un equipo borra en cuanto está encendido.",
        ),
        (
            "Qué se conserva",
            "El código de cada solicitud, sus fechas y los recibos firmados, durante 400 días. No \
             nombran a nadie.",
        ),
    ],
};
