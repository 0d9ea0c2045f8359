//! The three services as processes of their own, on one PostgreSQL and one S3: what a campaign was
//! told is what the report shows, and each ends well when it is told to.

use crate::support::deployment::Deployment;
use reqwest::StatusCode;

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_over_three_services_is_reported_exactly() {
    let deployment = Deployment::start().await;
    let key = deployment.key().await;
    let load = deployment.spawn("load", "load", &[]);
    let ship = deployment.spawn("ship", "ship", &[]);
    let loader = [("TEXTRAIL_LOADER__URL", load.url("/"))];
    let serve = deployment.spawn("serve", "serve", &loader);
    for service in [&load, &ship, &serve] {
        service.answers(StatusCode::OK).await;
    }
    let url = serve.url("");
    let demo = ["demo", "--url", &url, "--key", &key, "--messages", "150"];
    let more = ["--rate", "100", "--seed", "5", "--verify"];
    let told = deployment.run(&[&demo[..], &more].concat()).await;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("the report shows the same numbers"), "{told}");

    // The loader's own door asks for the key that `serve` has.
    let report = load.url("/v1/reports/messages");
    assert_eq!(reqwest::get(&report).await.unwrap().status(), 401);
    for mut service in [serve, ship, load] {
        assert!(service.stop().await.success());
    }
}
