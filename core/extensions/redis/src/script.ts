/**
 * All of an exchange, done by Redis at once. Its clock counts, and nobody else's.
 *
 * Keys begin with `{PREFIX}:`, so that a cluster has them all in one place:
 *
 * - `members`: until when each membership lasts (sorted set, ms); `seq`: its last exchange (hash)
 * - `h:MEMBER`: what it holds: `c KEY` counts, `r NAME` has a load (hash)
 * - `c:KEY`: permits by member, `t` in all, `of` what the key is one of, `a` when one was granted
 *   ahead last, `w` since when those are called back that are not used (hash)
 * - `s:OF`: the different keys of what they are one of (set); `rc:MEMBER`: keys called back (set)
 * - `u:NAME`: bytes used: `day`, `d` and `m` in all, `d:REPLICA` and `m:REPLICA`, `d:` and `m:` from
 *   before Redis knew (hash); `uz`: names by when they changed last (sorted set)
 * - `r:NAME`: loads by member (hash); `l`: news of logins (sorted set); `rev`: counts all changes
 * - `epoch`: another one after all was lost; `key`: what digests are made with
 */
export const SCRIPT = `
local p = KEYS[1] .. ':'
local e = cjson.decode(ARGV[1])
local call = redis.call
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local me, seq = e.member, e.sequence
local lost = '{"lost":true}'

local known = call('HGET', p .. 'seq', me)
if seq == 1 then
  if known then return lost end
  if e.formerly and call('ZSCORE', p .. 'members', e.formerly) then
    call('HSET', p .. 'seq', e.formerly, 'gone')
  end
  call('SET', p .. 'epoch', e.epoch, 'NX')
  call('SET', p .. 'key', e.key, 'NX')
elseif known ~= tostring(seq - 1) then
  return lost
end
call('HSET', p .. 'seq', me, tostring(seq))
call('ZADD', p .. 'members', now + e.lease, me)

local function change(who, key, by, of)
  local c, h = p .. 'c:' .. key, p .. 'h:' .. who
  local held = tonumber(call('HGET', c, who) or 0)
  if held + by < 0 then by = -held end
  if by == 0 then return end
  if held + by == 0 then
    call('HDEL', c, who)
    call('HDEL', h, 'c ' .. key)
  else
    call('HSET', c, who, held + by)
    call('HSET', h, 'c ' .. key, held + by)
  end
  local all = call('HINCRBY', c, 't', by)
  if of and by > 0 then
    call('HSET', c, 'of', of)
    call('SADD', p .. 's:' .. of, key)
  end
  if all > 0 then return end
  of = call('HGET', c, 'of')
  if of then call('SREM', p .. 's:' .. of, key) end
  call('DEL', c)
end

-- Gives back what a membership has, a part at a time; true when nothing is left.
local function giveBack(who)
  call('HSET', p .. 'seq', who, 'gone')
  local h = p .. 'h:' .. who
  local items = call('HRANDFIELD', h, 500, 'WITHVALUES')
  for i = 1, #items, 2 do
    local kind, name = string.sub(items[i], 1, 2), string.sub(items[i], 3)
    if kind == 'c ' then change(who, name, -tonumber(items[i + 1]))
    else
      call('HDEL', p .. 'r:' .. name, who)
      call('HDEL', h, items[i])
    end
  end
  if call('EXISTS', h) == 1 then return false end
  call('ZREM', p .. 'members', who)
  call('HDEL', p .. 'seq', who)
  call('DEL', p .. 'rc:' .. who)
  return true
end

local dead = call('ZRANGEBYSCORE', p .. 'members', '-inf', now, 'LIMIT', 0, 1)[1]
if dead then giveBack(dead) end

local wakes = false
for _, claim in ipairs(e.claims) do change(me, claim[1], claim[2], claim[3]) end
if e.replaces and call('ZSCORE', p .. 'members', e.replaces) then
  call('ZADD', p .. 'members', 0, e.replaces)
  giveBack(e.replaces)
end
for _, give in ipairs(e.gives) do change(me, give[1], -give[2]) end

local members = call('ZCARD', p .. 'members')
local spare, grants, answers = {}, {}, {}

-- Whether nobody can have permits of a key that are not used.
local function isFinal(key, c)
  local ahead = call('HMGET', c, 'a', 'w')
  if not ahead[1] then return true end
  if not ahead[2] then
    call('HSET', c, 'w', now)
    for _, who in ipairs(call('HKEYS', c)) do
      if #who > 2 then
        call('SADD', p .. 'rc:' .. who, key)
        call('PEXPIRE', p .. 'rc:' .. who, 60000)
      end
    end
    wakes = true
    return false
  end
  if now - tonumber(ahead[2]) < 400 then return false end
  call('HDEL', c, 'a', 'w')
  return true
end

local function shortOf(wanted)
  for _, one in ipairs(wanted) do
    local key, limit, of = one[1], one[2], one[3]
    local c = p .. 'c:' .. key
    local all = tonumber(call('HGET', c, 't') or 0)
    if of then
      if all == 0 and call('SCARD', p .. 's:' .. of) >= limit then return of, true end
    elseif all >= limit and (spare[key] or 0) == 0 then
      return key, isFinal(key, c)
    end
  end
end

local function grant(key, limit, of)
  if of then
    change(me, key, 1, of)
    grants[#grants + 1] = { key, 1, limit, false }
    return
  end
  if (spare[key] or 0) > 0 then
    spare[key] = spare[key] - 1
    return
  end
  local c = p .. 'c:' .. key
  local had = call('HMGET', c, 't', 'w')
  local left = limit - tonumber(had[1] or 0)
  local count = math.max(1, math.min(64, math.floor(left / (4 * members))))
  if had[2] then
    if now - tonumber(had[2]) > 5000 then call('HDEL', c, 'a', 'w') else count = 1 end
  end
  change(me, key, count)
  if count > 1 then call('HSET', c, 'a', now) end
  spare[key] = count - 1
  grants[#grants + 1] = { key, count, limit, left > count and not had[2] }
end

for _, ask in ipairs(e.asks) do
  local full, final = shortOf(ask[2])
  if full then answers[#answers + 1] = { ask[1], full, final }
  else
    for _, one in ipairs(ask[2]) do grant(one[1], one[2], one[3]) end
    answers[#answers + 1] = { ask[1], false, true }
  end
end

local result = {
  now = string.format('%.0f', now),
  epoch = call('GET', p .. 'epoch'),
  key = call('GET', p .. 'key'),
  grants = grants,
  answers = answers,
  recalls = call('SMEMBERS', p .. 'rc:' .. me),
}
if #result.recalls > 0 then call('DEL', p .. 'rc:' .. me) end

-- Sums only grow: what was told already changes nothing.
local function raise(k, period, field, value)
  local more = tonumber(value) - tonumber(call('HGET', k, field) or 0)
  if more <= 0 then return end
  call('HSET', k, field, value)
  call('HINCRBY', k, period, string.format('%.0f', more))
end

local function use(name, day, dayBytes, monthBytes, before)
  local k, month = p .. 'u:' .. name, string.sub(day, 1, 7)
  local last = call('HGET', k, 'day')
  local isNew = not last
  if last and string.sub(last, 1, 7) < month then
    call('DEL', k)
    last = false
  end
  if last and string.sub(last, 1, 7) > month then return end
  if last and last < day then
    for _, field in ipairs(call('HKEYS', k)) do
      if field == 'd' or string.sub(field, 1, 2) == 'd:' then call('HDEL', k, field) end
    end
  end
  if not last or last < day then
    call('HSET', k, 'day', day)
    last = day
  end
  if before and (isNew or not before[3]) then
    if last == day then raise(k, 'd', 'd:', before[1]) end
    raise(k, 'm', 'm:', before[2])
  end
  if last == day then raise(k, 'd', 'd:' .. e.replica, dayBytes) end
  raise(k, 'm', 'm:' .. e.replica, monthBytes)
  call('PEXPIRE', k, 40 * 86400000)
  call('ZADD', p .. 'uz', call('INCR', p .. 'rev'), name)
end

if e.pulse then
  local pulse = e.pulse
  for _, u in ipairs(pulse.used) do use(u[1], u[2], u[3], u[4], u[5]) end

  local parts = {}
  for _, one in ipairs(pulse.loads) do
    local name, load = one[1], one[2]
    local r = p .. 'r:' .. name
    if load == 0 then
      call('HDEL', r, me)
      call('HDEL', p .. 'h:' .. me, 'r ' .. name)
    else
      call('HSET', r, me, tostring(load))
      call('HSET', p .. 'h:' .. me, 'r ' .. name, 1)
      local all = 0
      for _, other in ipairs(call('HVALS', r)) do all = all + tonumber(other) end
      parts[#parts + 1] = { name, load / all }
    end
  end

  for _, text in ipairs(pulse.news) do
    local rev = call('INCR', p .. 'rev')
    local entry = string.format('%.0f %.0f %s ', rev, now, e.replica) .. text
    call('ZADD', p .. 'l', rev, entry)
    wakes = true
  end
  if #pulse.news > 0 then
    call('ZREMRANGEBYRANK', p .. 'l', 0, -10001)
    call('PEXPIRE', p .. 'l', 86400000)
  end

  local rev = tonumber(call('GET', p .. 'rev') or 0)
  local heardUsage, heardNews = pulse.heard.usage, pulse.heard.news
  if heardUsage > rev or (e.sequence == 1) then heardUsage = 0 end
  if heardNews > rev then heardNews = 0 end
  local more = false
  local usage = {}
  local changed = call('ZRANGEBYSCORE', p .. 'uz', '(' .. string.format('%.0f', heardUsage), '+inf',
    'WITHSCORES', 'LIMIT', 0, 300)
  for i = 1, #changed, 2 do
    local had = call('HMGET', p .. 'u:' .. changed[i], 'day', 'd', 'm')
    if had[1] then usage[#usage + 1] = { changed[i], had[1], had[2] or '0', had[3] or '0' }
    else call('ZREM', p .. 'uz', changed[i]) end
    heardUsage = tonumber(changed[i + 1])
  end
  if #changed == 600 then more = true else heardUsage = rev end
  local news = {}
  local told = call('ZRANGEBYSCORE', p .. 'l', '(' .. string.format('%.0f', heardNews), '+inf',
    'LIMIT', 0, 300)
  for _, entry in ipairs(told) do
    local at, time, who, text = string.match(entry, '^(%d+) (%d+) (%S+) (.*)$')
    heardNews = tonumber(at)
    if who ~= e.replica then news[#news + 1] = { math.max(0, now - tonumber(time)), text } end
  end
  if #told == 300 then more = true else heardNews = rev end
  result.pulse = {
    usage = usage, parts = parts, news = news, more = more,
    heardUsage = string.format('%.0f', heardUsage), heardNews = string.format('%.0f', heardNews),
  }
end

if e.isLast then
  call('ZADD', p .. 'members', 0, me)
  for _ = 1, 10 do if giveBack(me) then break end end
  wakes = true
end
if wakes then call('PUBLISH', p .. 'wake', e.replica) end
return cjson.encode(result)
`;
