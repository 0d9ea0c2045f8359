use super::*;
use std::collections::BTreeSet;

fn lines(set: RouteSet) -> BTreeSet<String> {
    let paths = document(set).paths.paths;
    let of_path = |(path, item): (String, PathItem)| {
        let methods = methods(&item).into_iter();
        methods
            .map(move |method| format!("{path} {method}"))
            .collect::<Vec<_>>()
    };
    paths.into_iter().flat_map(of_path).collect()
}

#[test]
fn the_routes() {
    let all: Vec<String> = lines(RouteSet::All).into_iter().collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn the_listeners_together_have_every_route() {
    let (public, private) = (lines(RouteSet::Public), lines(RouteSet::Private));
    let both: BTreeSet<String> = public.union(&private).cloned().collect();
    assert_eq!(both, lines(RouteSet::All));
    let shared: Vec<String> = public.intersection(&private).cloned().collect();
    assert_eq!(shared, ["/healthz GET"]);
}

#[test]
fn operations_have_names_of_their_own() {
    let document = serde_json::to_value(document(RouteSet::All)).unwrap();
    let mut names = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(names.insert(name.clone()), "{name} twice");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = serde_json::to_value(document(RouteSet::All)).unwrap();
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn a_path_knows_its_methods() {
    let methods = Methods::new(RouteSet::All);
    assert_eq!(methods.of("/healthz").unwrap(), [Method::GET]);
    assert_eq!(methods.of("/abc").unwrap(), [Method::GET, Method::HEAD]);
    assert_eq!(methods.of("/v1/messages/batch").unwrap(), [Method::POST]);
    assert_eq!(methods.of("/v1/messages/0").unwrap(), [Method::GET]);
    assert!(methods.of("/v1/nothing/at/all").is_none());
}
