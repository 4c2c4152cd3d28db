module songshui.internal/events

go 1.26
