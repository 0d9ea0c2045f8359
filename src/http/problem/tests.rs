use super::*;
use crate::ledger::facts::RecordError;
use actix_web::body::to_bytes;

#[actix_web::test]
async fn inside_text_stays_inside() {
    let error = ApiError::internal(anyhow::anyhow!("password=hunter2"));
    let response = error.error_response();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        response.headers().get(header::CONTENT_TYPE).unwrap(),
        MEDIA_TYPE
    );
    let body = to_bytes(response.into_body()).await.unwrap();
    assert!(!String::from_utf8_lossy(&body).contains("hunter2"));
    assert!(error.inside().is_some());
}

#[test]
fn a_field_error_is_a_problem_document() {
    let answer = ApiError::field("to", "must be a number").stored();
    assert_eq!(answer.status, 422);
    insta::assert_snapshot!(answer.body, @r#"{"type":"/problems/invalid-fields","title":"Fields were refused","status":422,"detail":"refused: to","errors":[{"field":"to","message":"must be a number"}]}"#);
}

#[test]
fn what_is_away_says_when_to_come_again() {
    let response = ApiError::from(RecordError::Unavailable).error_response();
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key(header::RETRY_AFTER));
}
