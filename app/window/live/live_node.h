// The embedded runtime as a child of the window, on a socket that only this user can reach.
#pragma once

#include <QObject>
#include <QProcess>
#include <QStringList>
#include <QTimer>
#include <memory>

#include "app/window/live/socket_folder.h"

namespace moescope {

class LiveNode : public QObject {
  Q_OBJECT

 public:
  explicit LiveNode(QObject* parent = nullptr);
  /// Ends the child.
  ~LiveNode() override;

  /// Starts `program --listen unix:SOCKET arguments`. False when there is no private folder for the
  /// socket; ended() reports a program that cannot be started.
  bool start(const QString& program, const QStringList& arguments);
  bool running() const { return process_ && process_->state() != QProcess::NotRunning; }
  qint64 pid() const { return process_ ? process_->processId() : 0; }
  /// "unix:PATH" of the child that was started last.
  QString target() const;
  /// Asks the child to end, and ends it when it does not within kPatienceMs.
  void stop();

  static constexpr int kPatienceMs = 5000;

 Q_SIGNALS:
  /// `error` says what happened, with the child's last lines; empty when it ended normally.
  void ended(const QString& error);

 private:
  void read();
  void finish(const QString& what);

  std::unique_ptr<SocketFolder> folder_;
  std::unique_ptr<QProcess> process_;
  QStringList last_lines_;
  QByteArray open_line_;
  QTimer patience_;
  bool asked_ = false;  ///< to end
};

/// In a child between fork and exec: ends it together with `parent`, its parent at the fork, also
/// when that one is gone already. Calls only what is safe there.
void end_with_parent(qint64 parent);

/// moescope-node beside this program; "" when it is not there.
QString find_node_program();

}  // namespace moescope
