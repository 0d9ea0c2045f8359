-- What campaigns bring about, at a steady rate: messages with a link each, 50 a request; RECEIPTS receipts of
-- each as Kannel sends them; a click on every EVERYth: traffic.lua KEY SECRET MESSAGES-A-SECOND RECEIPTS EVERY
-- MOST. It ends once MOST messages and all about them were answered; with 0, at the end of its time.
require "summary"
local ffi = require "ffi"
ffi.cdef "typedef struct { long seconds; long micros; } instant; int gettimeofday(instant *, void *);"
local batch = 50
local phone = { ["User-Agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
    .. "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1" }
local headers, secret, most, receipts, every, spacing = {}, "", 0, 0, 0, 0
-- Requests that follow from answered batches, in order.
local waiting, first, last = {}, 1, 0
local messages, asked, answered, failed, begun, due = 0, 0, 0, 0, nil, nil

function init(arguments)
    math.randomseed(os.time())
    headers = { ["Authorization"] = "Bearer " .. arguments[1], ["Content-Type"] = "application/json" }
    secret, receipts, every, most = arguments[2], tonumber(arguments[4]), tonumber(arguments[5]), tonumber(arguments[6])
    spacing = 1 / (tonumber(arguments[3]) * (1 / batch + receipts + 1 / every))
end

local now = ffi.new("instant")
local function clock()
    ffi.C.gettimeofday(now, nil)
    return tonumber(now.seconds) + tonumber(now.micros) / 1e6
end

-- Milliseconds until the next request is due. One that could not be sent in time is sent at once.
function delay()
    local at = clock()
    begun, due = begun or at, (due or at) + spacing
    return math.max(0, math.floor((due - at) * 1000))
end

local function send()
    local made = {}
    for n = 1, batch do
        made[n] = string.format('{"to":"+43664%07d","from":"43720","campaign":"campaign-%d","gateway":"kannel",'
            .. '"body":"Hello! The autumn sale has begun: https://shop.example/autumn/%d"}',
            math.random(0, 9999999), math.random(500), messages + n)
    end
    messages = messages + batch
    return wrk.format("POST", "/v1/messages/batch", headers, '{"messages":[' .. table.concat(made, ",") .. "]}")
end

local tried = false
function request()
    if not tried then -- wrk's own look at what a script makes; it is not sent.
        tried = true
        return wrk.format("GET", "/healthz")
    end
    local wanted = messages * (1 / batch + receipts + 1 / every) <= asked
    if (most == 0 or messages < most) and (wanted or first > last) then
        asked = asked + 1
        return send()
    elseif first > last then
        return wrk.format("GET", "/healthz") -- The last answers are awaited.
    end
    local next_one = waiting[first]
    waiting[first], first, asked = nil, first + 1, asked + 1
    return next_one
end

local function later(path, of)
    last = last + 1
    waiting[last] = wrk.format("GET", path, of)
end

local function follow(body)
    local ids = {}
    for id in body:gmatch('"id":"([%x-]+)"') do
        ids[#ids + 1] = id
    end
    for n = receipts, 1, -1 do -- The last receipt says how it ended, those before it that it is on its way.
        for place, id in ipairs(ids) do
            local status = n > 1 and 8 or place % 10 == 0 and 2 or 1
            later(string.format("/v1/gateways/kannel/receipts?message_id=%s&secret=%s&status=%d&smsc=bench&fid=%s"
                .. "&ts=%d&answer=", id, secret, status, id, os.time()))
        end
    end
    local place = 0
    for code in body:gmatch('"code":"(%w+)"') do
        place = place + 1
        if place % every == 0 then
            later("/" .. code, phone)
        end
    end
end

function response(status, _, body)
    failed = failed + (status > 399 and 1 or 0)
    if body:sub(1, 11) == '{"results":' then
        follow(body)
    end
    answered = answered + (body == '{"status":"ok"}' and 0 or 1)
    if most > 0 and messages >= most and first > last and answered == asked then
        print(string.format('{"requests": %d, "seconds": %f, "failed": %d, "p50_ms": 0, "p99_ms": 0}',
            asked, clock() - begun, failed))
        os.exit(true) -- wrk itself would sleep until the end of its time.
    end
end
