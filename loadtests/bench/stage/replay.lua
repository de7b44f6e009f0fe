-- Sends the requests of a file as they stand there, one after another, whoever serves them. Per request this costs wrk a
-- table look-up. The file: the length of the first request, a newline, the request; and so on.

local requests, count, position = {}, 0, 0

function init(arguments)
    local file = assert(io.open(arguments[1], "rb"))
    while true do
        local length = file:read("*l")
        if not length then break end
        count = count + 1
        requests[count] = file:read(tonumber(length))
    end
    file:close()
end

function request()
    position = position % count + 1
    return requests[position]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        "REPLAYED %d %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
        latency:percentile(99), errors.status, errors.connect + errors.read + errors.write + errors.timeout
    ))
end
