// Attach: a target, recent ones, and the user's credentials. A strip below the tool bar, not a
// dialog.
#pragma once

#include <QComboBox>
#include <QFrame>
#include <QLabel>
#include <QLineEdit>

#include "app/window/session/session.h"
#include "core/cluster/wire/target.h"

namespace moescope {

class AttachPanel : public QFrame {
  Q_OBJECT

 public:
  explicit AttachPanel(Session& session, QWidget* parent = nullptr);
  void open();
  void setTarget(const QString& target) { target_->setEditText(target); }

 Q_SIGNALS:
  /// The target is well formed and has the files that it needs.
  void attachRequested(const QString& target, const moescope::PeerFiles& files);
  void closed();

 private:
  QLineEdit* addFile(const QString& name, const QString& text, const QString& tip);
  void attach();
  void remember(const QString& target);
  void fillRecent();

  Session& session_;
  QComboBox* target_;
  QLineEdit *token_ = nullptr, *ca_ = nullptr, *cert_ = nullptr, *key_ = nullptr;
  QWidget* files_;
  QLabel* problem_;
};

}  // namespace moescope
