-- wrk: posts one callback over and over; prints one line for the runner at the end.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[{"CallbackCommand":"Group.CallbackAfterTopicInfoChanged","GroupId":"@TGS#2J4SZEAEL","Type":"Community",]]
  .. [["Operator_Account":"leckie","Name":"TestTopic","Introduction":"TestIntroduction","Notification":"NewNotification",]]
  .. [["FaceUrl":"http://this.is.face.url"}]]

function done(summary, latency)
  local errors = summary.errors
  local bad = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  print(string.format("RESULT %d %.6f %d %d %d", summary.requests, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99), bad))
end
