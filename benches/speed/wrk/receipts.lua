-- Receipts as Kannel sends them, one a request, of messages drawn at random: receipts.lua FILE SECRET
require "summary"
local lines = require "lines"
local ids, secret, sent = {}, "", 0
local statuses = { 1, 2, 8 }

function init(arguments)
    math.randomseed(os.time())
    ids = lines(arguments[1])
    secret = arguments[2]
end

function request()
    sent = sent + 1
    return wrk.format("GET", string.format(
        "/v1/gateways/kannel/receipts?message_id=%s&secret=%s&status=%d&smsc=bench&fid=%d-%d&ts=%d&answer=",
        ids[math.random(#ids)], secret, statuses[math.random(3)], os.time(), sent, os.time()))
end
