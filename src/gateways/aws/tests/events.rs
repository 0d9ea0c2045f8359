//! What SNS's notifications tell.

use super::*;

fn items(message: &str) -> Items<Receipt> {
    let aws = gateway(&Sns::usual());
    aws.receipts(&call(&notification(message)).webhook())
        .unwrap()
}

fn of_event(fields: &Value) -> Result<Receipt, Vec<FieldFault>> {
    let mut event = json!({"eventType": "TEXT_DELIVERED", "messageId": "M-1"});
    let event_fields = event.as_object_mut().unwrap();
    event_fields.extend(fields.as_object().unwrap().clone());
    let mut items = items(&event.to_string());
    assert_eq!(items.len(), 1);
    items.remove(0)
}

/// AWS's own example ("SMS example log"), at another time.
#[test]
fn an_event_as_aws_sends_it() {
    let id = Uuid::now_v7();
    let receipt = of_event(&json!({
        "eventType": "TEXT_SUCCESSFUL", "eventVersion": "1.0", "eventTimestamp": 1_795_043_103_470_i64,
        "isFinal": true, "originationPhoneNumber": "+12065550152",
        "destinationPhoneNumber": "+14255550156", "isoCountryCode": "US", "mcc": "310", "mnc": "800",
        "messageId": "862a8790-60c0-4430-9b2b-658bdexample", "messageRequestTimestamp": 1,
        "messageEncoding": "GSM", "messageType": "PROMOTIONAL", "messageStatus": "SUCCESSFUL",
        "messageStatusDescription": "Message has been accepted by phone carrier",
        "context": {"account": "bar", "message_id": id}, "totalMessageParts": 1,
        "totalMessagePrice": 0.09582, "totalCarrierFee": 0.0,
    }));
    let expected = Receipt {
        message_id: Some(id),
        gateway_message_id: Some("862a8790-60c0-4430-9b2b-658bdexample".to_owned()),
        gateway_event_id: Some("msg-1".to_owned()),
        delivery_level: Some(DeliveryLevel::Carrier),
        segment_count: Some(1),
        gateway_time: Some("2026-11-18T23:05:03.470Z".parse().unwrap()),
        price: Some("0.09582".to_owned()),
        mcc_mnc: Some("310800".to_owned()),
        ..Receipt::new(Status::Delivered, "SUCCESSFUL final".to_owned())
    };
    assert_eq!(receipt.unwrap(), expected);
}

/// SNS sends one signed envelope to every subscriber of a topic, so each of them could send it to us
/// for a message of his choice.
#[test]
fn an_id_in_the_url_is_not_believed() {
    let settings = DialectSettings {
        topics: vec![TOPIC.to_owned()],
        ..DialectSettings::default()
    };
    let message = json!({"eventType": "TEXT_DELIVERED", "messageId": "M-1"}).to_string();
    let mut call = call(&notification(&message));
    call.url = format!("{}?message_id={}", call.url, Uuid::now_v7());
    let receipt = Account::with("aws", settings).receipt(&call).unwrap();
    assert_eq!(receipt.message_id, None);
    assert_eq!(receipt.gateway_message_id.as_deref(), Some("m-1"));
}

#[test]
fn every_status_by_its_word_or_by_the_events_type() {
    for (word, status) in KIND.statuses {
        let (said, is_final) = match *word {
            SUCCESSFUL_FINAL => ("SUCCESSFUL", true),
            word => (word, word != "SUCCESSFUL"),
        };
        for event in [
            json!({"eventType": "TEXT_NEW", "messageStatus": said, "isFinal": is_final}),
            json!({"eventType": format!("TEXT_{said}"), "isFinal": is_final}),
            json!({"messageStatus": said.to_lowercase(), "isFinal": is_final}),
        ] {
            let receipt = of_event(&event).unwrap();
            assert_eq!(
                (receipt.status, receipt.raw_status.as_str()),
                (*status, *word)
            );
            assert_eq!(receipt.synthetic, *word == "UNKNOWN");
            let failed = status.is_final() && *status != Status::Delivered;
            assert_eq!(receipt.error_class.is_some(), failed, "{word}");
        }
    }
    let new = of_event(&json!({"messageStatus": "Teleported"})).unwrap();
    assert_eq!(
        (new.status, new.raw_status.as_str()),
        (Status::Unknown, "TELEPORTED")
    );
    assert_eq!(
        of_event(&json!({})).unwrap().delivery_level,
        Some(DeliveryLevel::Handset)
    );
    let expired = of_event(&json!({"messageStatus": "TTL_EXPIRED"})).unwrap();
    assert_eq!(expired.error_class, Some(ErrorClass::Expired));
}

#[test]
fn what_can_be_spared_costs_nothing_and_what_is_no_event_is_a_fault() {
    let receipt = of_event(
        &json!({"eventTimestamp": "soon", "isFinal": "yes", "context": [7],
        "totalMessageParts": {}, "totalMessagePrice": "much", "mcc": 31, "mnc": null}),
    );
    let receipt = receipt.unwrap();
    assert_eq!(receipt.gateway_message_id.as_deref(), Some("m-1"));
    assert_eq!(
        (receipt.gateway_time, receipt.price, receipt.mcc_mnc),
        (None, None, None)
    );
    for message in [
        "",
        "Successfully validated SNS topic",
        "[]",
        "7",
        "{",
        "{} x",
    ] {
        let faults = items(message).remove(0).unwrap_err();
        assert_eq!(faults[0].field, "Message", "{message}");
    }
    let inbound = items(r#"{"inboundMessageId": "I"}"#).remove(0).unwrap_err();
    assert_eq!(inbound[0].field, "eventType", "it belongs to …/inbound");
    assert!(of_event(&json!({"messageId": "\u{0}"})).is_err());
    for other in ["VOICE_COMPLETED", "MEDIA_DELIVERED"] {
        assert!(items(&json!({ "eventType": other }).to_string()).is_empty());
    }
}

/// AWS's own example ("Two-way SMS message payload"), with numbers that exist.
#[test]
fn a_subscribers_message() {
    let aws = gateway(&Sns::usual());
    let read = |message: &Value| {
        let call = call(&notification(&message.to_string()));
        aws.inbound(&call.webhook()).unwrap().remove(0)
    };
    let message = json!({"originationNumber": "+14255552671", "destinationNumber": "+12065550101",
        "messageKeyword": "JOIN", "messageBody": "EXAMPLE\u{c}",
        "inboundMessageId": "cae173d2-66b9-564c-8309-21f858e9fb84",
        "previousPublishedMessageId": "wJalrXUtnFEMI/K7MDENG"});
    let inbound = read(&message).unwrap();
    let id = "cae173d2-66b9-564c-8309-21f858e9fb84";
    assert_eq!(inbound.gateway_message_id.as_deref(), Some(id));
    assert_eq!(
        (inbound.from.as_str(), inbound.to.as_str()),
        ("+14255552671", "+12065550101")
    );
    assert_eq!(inbound.body, "EXAMPLE");
    assert_eq!(
        inbound.received_at,
        Some(arrived() - TimeDelta::seconds(10))
    );
    let without_id = json!({"originationNumber": "+14255552671", "destinationNumber": "72404",
                            "messageBody": "STOP"});
    let without_id = read(&without_id).unwrap();
    assert_eq!(
        without_id.gateway_message_id.as_deref(),
        Some("msg-1"),
        "SNS's own"
    );
    let faults = read(&json!({"eventType": "TEXT_DELIVERED"})).unwrap_err();
    let names: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(
        names,
        ["originationNumber", "destinationNumber", "messageBody"]
    );
}
