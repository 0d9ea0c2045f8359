DROP TABLE opt_outs;
DROP TABLE campaigns;
DROP TABLE subscribers;
DROP TABLE ledger_secrets;
DROP TABLE api_keys;
