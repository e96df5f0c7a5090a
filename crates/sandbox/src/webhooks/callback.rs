//! The two signed callbacks: somebody removed the app, somebody asks for deletion.

use bytes::Bytes;

use super::lane::cause;
use crate::app::App;
use crate::signing;

/// Posts a `signed_request` about `user` to a path of the relay; gives its status and answer.
pub(crate) async fn post(app: &App, path: &str, user: &str) -> Result<(u16, Bytes), String> {
    let request =
        app.look(|world, now| signing::signed_request(&world.app.secret, user, now / 1000));
    let address = app.relay_address(path);
    let answer = app
        .http
        .post(address)
        .form(&[("signed_request", request)])
        .send()
        .await
        .map_err(|problem| cause(&problem))?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(|problem| cause(&problem))?;
    Ok((status, body))
}

pub(crate) const DEAUTHORIZE: &str = "meta/deauthorize";
pub(crate) const DELETION: &str = "meta/deletion";
