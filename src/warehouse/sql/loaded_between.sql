-- The windows that are loaded, from one (epoch, number) to another.
SELECT epoch, number
FROM loaded_windows
WHERE (epoch, number) >= (?, ?) AND (epoch, number) <= (?, ?)
