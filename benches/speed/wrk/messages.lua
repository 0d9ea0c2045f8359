-- Sends with a link each, SIZE a request (1: to /v1/messages): messages.lua KEY SIZE
require "summary"
local headers, size = {}, 1
-- Mobile numbers of ten countries, up to their last six digits
local numbers = { "+436761", "+4915112", "+41791", "+33612", "+393401", "+34612", "+48501", "+447400", "+14152",
    "+919812" }

function init(arguments)
    math.randomseed(os.time())
    headers = { ["Authorization"] = "Bearer " .. arguments[1], ["Content-Type"] = "application/json" }
    size = tonumber(arguments[2])
end

local function message()
    return string.format('{"to":"%s%06d","from":"43720","campaign":"campaign-%d","gateway":"kannel",'
        .. '"body":"Hello! The autumn sale has begun: https://shop.example/autumn/%d"}',
        numbers[math.random(#numbers)], math.random(0, 999999), math.random(500), math.random(1000000))
end

function request()
    if size == 1 then
        return wrk.format("POST", "/v1/messages", headers, message())
    end
    local messages = {}
    for n = 1, size do
        messages[n] = message()
    end
    return wrk.format("POST", "/v1/messages/batch", headers, '{"messages":[' .. table.concat(messages, ",") .. "]}")
end
