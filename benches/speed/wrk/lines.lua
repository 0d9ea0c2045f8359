-- The lines of a file. Of a large one, whose lines are all of one width, a million drawn at random: a
-- table of ten million is more than Lua can hold.
local most = 1000000

return function(path)
    local file, lines = assert(io.open(path)), {}
    local width = #assert(file:read("*l"), path .. " is empty") + 1
    local count = file:seek("end") / width
    file:seek("set")
    if count <= most then
        for line in file:lines() do
            lines[#lines + 1] = line
        end
    else
        for n = 1, most do
            file:seek("set", math.random(0, count - 1) * width)
            lines[n] = file:read(width - 1)
        end
    end
    file:close()
    return lines
end
