-- Follows the short codes of a file, drawn at random: redirects.lua FILE
require "summary"
local lines = require "lines"
local codes = {}
local phone = { ["User-Agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
    .. "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1" }

function init(arguments)
    math.randomseed(os.time())
    codes = lines(arguments[1])
end

function request()
    return wrk.format("GET", "/" .. codes[math.random(#codes)], phone)
end
